"""Who may do what: the scopes of each role, in one table.

A scope is `<resource>:read` or `<resource>:write`; the resource is the first segment of a path after its version. The
scopes that the services' routes want must all stand here (a test compares).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["super_admin", "tenant_admin", "agent"]
FLEET = "fleet"
"""The tenant of those who run the fleet: no company has this id."""


def _both(*resources: str) -> frozenset[str]:
    return frozenset(f"{resource}:{verb}" for resource in resources for verb in ("read", "write"))


PERSONAL = _both("auth")
"""What everyone may do with his own account; a program has none."""

_DAILY_WORK = _both("leads", "drafts", "replies", "messages", "documents", "customers", "files") | {
    "outgoing:read"
}
_AGENT = PERSONAL | _DAILY_WORK | {"tenants:read"}
# The journal and the audit are only ever added to, by what happens.
_COMPANY = _both("tenants", "credentials", "hooks", "users", "api-keys", "billing") | {
    "audit:read",
    "journal:read",
}

SCOPES: Mapping[Role, frozenset[str]] = {
    "agent": _AGENT,
    "tenant_admin": _AGENT | _COMPANY,
    "super_admin": _AGENT | _COMPANY | _both("fleet"),
}
"""Role to scopes: agents do the daily work, tenant admins their company's settings too, super admins everything."""


def roles_in(tenant_id: str) -> tuple[Role, ...]:
    """The roles that people of a tenant can have, the highest first."""
    return ("super_admin",) if tenant_id == FLEET else ("tenant_admin", "agent")


def may_give(own: frozenset[str] | None, role: Role) -> bool:
    """Whether somebody with these scopes may give a role: nobody gives more than he has. `None` is everything."""
    return own is None or own >= SCOPES[role] - PERSONAL


def for_programs() -> frozenset[str]:
    """What an API key can have at most: what a company's admin may, but it makes neither people nor other keys."""
    return SCOPES["tenant_admin"] - PERSONAL - {"users:write", "api-keys:write"}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for a change of people or keys, and what he has himself (`None` is everything)."""

    actor: str
    scopes: frozenset[str] | None
    of_the_fleet: bool
