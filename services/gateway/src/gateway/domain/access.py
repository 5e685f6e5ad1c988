"""Who calls, and what tenancy says of who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FLEET = "fleet"
"""The tenant of those who run the fleet."""
WITHOUT_LICENCE = frozenset({"auth", "billing"})
"""The resources that stay open to a company whose licence ran out: to sign in, see what it owes, and pay."""
SUPER_ADMIN = "super_admin"


@dataclass(frozen=True, slots=True)
class Access:
    """What the gateway must know to let people in, at one moment."""

    version: int
    keys: Mapping[str, Mapping[str, str]] = field(repr=False)
    """Public keys (JWK) by their id."""
    revoked: frozenset[str] = frozenset()
    """Ids of sessions and API keys that ended."""
    suspended: frozenset[str] = frozenset()
    """Tenants that nobody may come in for."""
    unlicensed: frozenset[str] = frozenset()
    """Those of them whom only their licence stops."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified access token says."""

    user_id: str
    tenant_id: str
    role: str
    scopes: frozenset[str]
    session_id: str
    key_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """Whose API key that is."""

    key_id: str
    tenant_id: str
    scopes: frozenset[str]
    expires_at: float | None
    requests_per_minute: int | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls. `scopes` of None is everything; `tenant_id` of None is no company in particular."""

    kind: Literal["service", "admin", "user", "key"]
    id: str
    tenant_id: str | None = None
    role: str | None = None
    scopes: frozenset[str] | None = None
    requests_per_minute: int | None = None
    licensed: bool = True
    """Whether his company's licence lets it work; else he sees `WITHOUT_LICENCE` alone."""

    @property
    def actor(self) -> str:
        """As it is told to services and in the log: no name, no address."""
        return f"{self.kind}:{self.id}" if self.kind in {"user", "key"} else self.kind

    @property
    def chooses_tenant(self) -> bool:
        """Whether the caller says itself which company it speaks for."""
        return self.kind in {"service", "admin"} or self.role == SUPER_ADMIN

    def may_see(self, resource: str) -> bool:
        """Whether his company's licence lets him at a resource."""
        return self.licensed or resource in WITHOUT_LICENCE

    def lacks(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """Those of these scopes that the caller does not have."""
        own = self.scopes
        return () if own is None else tuple(scope for scope in scopes if scope not in own)
