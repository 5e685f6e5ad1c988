"""Find out who calls: a service, an admin, a user by an access token, or an API key."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from time import time
from typing import Literal

from gateway.application.api_ports import TokenRefused, Tokens
from gateway.application.hold_access import HeldAccess
from gateway.application.hold_keys import HeldKeys
from gateway.application.ports import TenantSuspended
from gateway.domain.access import Access, Identity, TokenClaims

KEY_PREFIX = "fdk_"
LONGEST = 8192
MOST_TOKENS = 20_000
FleetToken = Literal["service", "admin"]


class NotAuthenticated(Exception):
    """Nobody known: no credential, or one that is not valid."""

    def __init__(self, words: str, *, shown: bool = True) -> None:
        super().__init__(words)
        self.shown = shown
        """Whether a credential was shown at all (RFC 6750: no error code if not)."""


class Authenticate:
    """A signature is checked once for each token, what may have changed since with each request."""

    def __init__(
        self,
        fleet: Mapping[FleetToken, bytes],
        access: HeldAccess,
        keys: HeldKeys,
        tokens: Tokens,
        clock: Callable[[], float] = time,
    ) -> None:
        self._fleet = fleet
        self._access = access
        self._keys = keys
        self._tokens = tokens
        self._clock = clock
        self._read: OrderedDict[bytes, TokenClaims] = OrderedDict()

    async def __call__(self, authorization: Sequence[str], api_key: Sequence[str]) -> Identity:
        """Who shows these headers. Raises `NotAuthenticated`, `TenantSuspended` and `AccessUnknown`."""
        credential = _credential(authorization, api_key)
        if credential.startswith(KEY_PREFIX):
            return await self._by_key(credential)
        if (kind := self._of_the_fleet(credential)) is not None:
            return Identity(kind, kind)
        if credential.count(".") != 2:
            raise NotAuthenticated("this is neither an access token nor an API key of ours")
        return await self._by_token(credential)

    def _of_the_fleet(self, credential: str) -> FleetToken | None:
        given = credential.encode("utf-8", "replace")
        # Every one is compared, so that the time tells nothing of which fits.
        fits: list[FleetToken] = [
            kind for kind, own in self._fleet.items() if hmac.compare_digest(given, own)
        ]
        return next(iter(fits), None)

    async def _by_token(self, token: str) -> Identity:
        access = await self._access.current()
        digest = sha256(token.encode()).digest()
        claims = self._read.get(digest) or await self._verified(token, digest)
        if claims.expires_at <= self._clock():
            raise NotAuthenticated("the access token has expired: refresh it")
        if claims.key_id not in access.keys and await self._access.key(claims.key_id) is None:
            raise NotAuthenticated(
                "the access token is signed with a key that is no longer ours: log in again"
            )
        if claims.session_id in access.revoked:
            raise NotAuthenticated("the session has ended: log in again")
        licensed = _licensed(access, claims.tenant_id)
        return Identity(
            "user", claims.user_id, claims.tenant_id, claims.role, claims.scopes, licensed=licensed
        )

    async def _verified(self, token: str, digest: bytes) -> TokenClaims:
        try:
            key = await self._access.key(self._tokens.key_id(token))
            if key is None:
                raise NotAuthenticated("the access token is signed with no key of ours")
            claims = self._tokens.read(token, key)
        except TokenRefused as error:
            raise NotAuthenticated(str(error)) from error
        self._read[digest] = claims
        while len(self._read) > MOST_TOKENS:
            self._read.popitem(last=False)
        return claims

    async def _by_key(self, credential: str) -> Identity:
        access = await self._access.current()
        key = await self._keys.verify(credential)
        if key is None:
            raise NotAuthenticated("the API key is not known")
        if key.expires_at is not None and key.expires_at <= self._clock():
            raise NotAuthenticated("the API key has expired")
        if key.key_id in access.revoked:
            raise NotAuthenticated("the API key was revoked")
        licensed = _licensed(access, key.tenant_id)
        return Identity("key", key.key_id, key.tenant_id, None, key.scopes, key.requests_per_minute, licensed)


def _credential(authorization: Sequence[str], api_key: Sequence[str]) -> str:
    """The one credential that is shown. Raises `NotAuthenticated`."""
    if not authorization and not api_key:
        raise NotAuthenticated(
            "show an access token or an API key as 'Authorization: Bearer …', or a key as 'X-API-Key'",
            shown=False,
        )
    if len(authorization) + len(api_key) > 1:
        raise NotAuthenticated("show one credential, not several")
    if api_key:
        credential = api_key[0].strip()
        if not credential.startswith(KEY_PREFIX):
            raise NotAuthenticated("X-API-Key holds no API key of ours: they begin with fdk_")
    else:
        scheme, _, credential = authorization[0].partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential:
            raise NotAuthenticated("Authorization must be 'Bearer' and an access token or API key")
    if len(credential) > LONGEST or not credential.isascii():
        raise NotAuthenticated("this is neither an access token nor an API key of ours")
    return credential


def _licensed(access: Access, tenant_id: str) -> bool:
    """Whether a company's licence lets it work. Raises `TenantSuspended` when somebody else stopped it."""
    if tenant_id not in access.suspended:
        return True
    if tenant_id in access.unlicensed:
        return False
    raise TenantSuspended("your company's access is suspended: ask whoever runs this installation")
