"""Who looks at the page: a person of the fleet's own, or whoever holds the admin token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

READ, WRITE = "fleet:read", "fleet:write"
"""The scopes of tenancy's permission table that reading and acting on the page want."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who came in. `session_id` is tenancy's, none for the admin token; `until` ends it in any case."""

    actor: str
    name: str
    scopes: frozenset[str]
    session_id: str | None
    until: datetime

    def may(self, scope: str) -> bool:
        """Whether the operator has that scope."""
        return scope in self.scopes
