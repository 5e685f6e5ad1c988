"""Access tokens: JWTs (RFC 9068) that tenancy signs with Ed25519; nothing else is read as one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import jwt
from jwt.exceptions import ExpiredSignatureError, InvalidAudienceError, InvalidIssuerError, PyJWTError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.application.api_ports import TokenRefused
from gateway.domain.access import TokenClaims

ISSUER: Final = "frontdesk"
AUDIENCE: Final = "frontdesk-api"
TYPE: Final = "at+jwt"
ALGORITHM: Final = "EdDSA"
_REQUIRED = ["iss", "aud", "sub", "tenant", "role", "scope", "sid", "iat", "exp"]
_NOT_OURS = "this is no access token of ours"


class _Claims(BaseModel):
    """The claims that the gateway acts on."""

    model_config = ConfigDict(extra="ignore", strict=True)

    sub: str = Field(pattern=r"^[\x21-\x7e]{1,70}$")
    tenant: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    role: str = Field(pattern=r"^[a-z_]{1,40}$")
    scope: str = Field(pattern=r"^[\x20-\x7e]{0,4000}$")
    sid: str = Field(min_length=1, max_length=100)
    exp: int


class SignedTokens:
    """The port `Tokens`. The algorithm is ours to choose, never the token's."""

    def key_id(self, token: str) -> str:
        """The id of the key that a token says it is signed with. Raises `TokenRefused`."""
        try:
            header = jwt.get_unverified_header(token)
        except PyJWTError as error:
            raise TokenRefused(_NOT_OURS) from error
        if header.get("alg") != ALGORITHM:
            raise TokenRefused(f"access tokens are signed with {ALGORITHM}, this one is not")
        if str(header.get("typ", "")).lower() not in {TYPE, f"application/{TYPE}"} or "crit" in header:
            raise TokenRefused("this is a token for something else: an access token has the type at+jwt")
        key_id: object = header.get("kid")
        if not isinstance(key_id, str):
            raise TokenRefused(_NOT_OURS)
        return key_id

    def read(self, token: str, key: Mapping[str, str]) -> TokenClaims:
        """What a token says, after every check that needs no memory. Raises `TokenRefused`."""
        try:
            claims = jwt.decode(
                token, _public_key(tuple(sorted(key.items()))), algorithms=[ALGORITHM],
                audience=AUDIENCE, issuer=ISSUER, options={"require": _REQUIRED, "strict_aud": True},
            )  # fmt: skip
            read = _Claims.model_validate(claims)
        except ExpiredSignatureError as error:
            raise TokenRefused("the access token has expired: refresh it") from error
        except InvalidAudienceError as error:
            raise TokenRefused("the token is meant for somebody else (aud)") from error
        except InvalidIssuerError as error:
            raise TokenRefused("the token was made by somebody else (iss)") from error
        except (PyJWTError, ValidationError) as error:
            raise TokenRefused(_NOT_OURS) from error
        return TokenClaims(
            read.sub,
            read.tenant,
            read.role,
            frozenset(read.scope.split()),
            read.sid,
            self.key_id(token),
            float(read.exp),
        )


@lru_cache(maxsize=16)
def _public_key(items: tuple[tuple[str, str], ...]) -> jwt.PyJWK:
    """A public key of Ed25519; any other kind, also a symmetric one, is refused. Raises `TokenRefused`."""
    key = dict(items)
    if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or "d" in key:
        raise TokenRefused("the key is none of Ed25519")
    return jwt.PyJWK({"kty": "OKP", "crv": "Ed25519", "x": key.get("x", "")}, algorithm=ALGORITHM)
