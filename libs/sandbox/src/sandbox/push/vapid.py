"""Who sends a push message: the JWT of RFC 8292, checked as a push service does."""

import json
import re
import time
from base64 import urlsafe_b64decode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

LONGEST_SECONDS = 24 * 3600
"""RFC 8292, 2: `exp` must not be more than 24 hours away."""
_SCHEME = re.compile(r"vapid\s+(.+)", re.IGNORECASE)


class Unproved(Exception):
    """Nobody says who sends: 401."""


class Forbidden(Exception):
    """Who sends is said, and it does not hold: 403."""


def signer_of(authorization: str, origin: str) -> str:
    """The public key (base64url) that signed for this push service. Raises `Unproved`, `Forbidden`."""
    found = _SCHEME.fullmatch(authorization.strip())
    if found is None:
        raise Unproved("the header Authorization has no vapid credentials")
    parameters = {
        name.strip(): value.strip()
        for name, _, value in (part.partition("=") for part in found[1].split(","))
    }
    token, key = parameters.get("t", ""), parameters.get("k", "")
    if not token or not key:
        raise Unproved("vapid wants t and k")
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
        claims = jwt.decode(
            token, public, algorithms=["ES256"], options={"verify_aud": False, "require": ["aud", "exp"]}
        )
    except (ValueError, jwt.InvalidTokenError, json.JSONDecodeError) as error:
        raise Forbidden(f"the token does not hold: {type(error).__name__}") from error
    if claims["aud"] != origin:
        raise Forbidden(f"the token is for {claims['aud']}, this is {origin}")
    if claims["exp"] > time.time() + LONGEST_SECONDS:
        raise Forbidden("the token lives longer than 24 hours")
    if "sub" in claims and not str(claims["sub"]).startswith(("mailto:", "https:")):
        raise Forbidden("sub is neither mailto: nor https:")
    return key


def decoded(text: str) -> bytes:
    """Base64url without padding. Raises `ValueError`."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
