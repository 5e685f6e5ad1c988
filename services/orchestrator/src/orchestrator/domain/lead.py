"""A lead: a person who enquired, how far it has come, and the turn that is under way.

NEW ──first answer left──▶ CONTACTED ──the person wrote again──▶ CONVERSATION ──▶ BOOKED
 └───────────────────────────────┴──────────────────────────────────┴──▶ LOST
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

LeadState = Literal["NEW", "CONTACTED", "CONVERSATION", "BOOKED", "LOST"]
_NEXT: dict[LeadState, frozenset[LeadState]] = {
    "NEW": frozenset({"CONTACTED", "LOST"}),
    "CONTACTED": frozenset({"CONVERSATION", "BOOKED", "LOST"}),
    "CONVERSATION": frozenset({"BOOKED", "LOST"}),
    "BOOKED": frozenset({"CONVERSATION", "LOST"}),
    "LOST": frozenset({"CONVERSATION"}),
}


class ForbiddenMove(ValueError):
    """A lead cannot go from its state to that one."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A person who enquired. `turn` counts the person's turns from 1; `answered_turn` is the last one answered."""

    lead_id: str
    state: LeadState
    name: str | None
    channel: str
    reply_to: str
    subject: str
    object_reference: str | None
    object_title: str | None
    portal: str | None
    turn: int
    answered_turn: int
    created_at: datetime

    def moved(self, state: LeadState) -> Lead:
        """The lead in a new state. Raises `ForbiddenMove`."""
        if state not in _NEXT[self.state]:
            raise ForbiddenMove(f"lead {self.lead_id} cannot go from {self.state} to {state}")
        return replace(self, state=state)

    def with_turn(self, turn: int) -> Lead:
        """The lead with a new turn under way."""
        return replace(self, turn=turn)

    def answered(self, turn: int) -> Lead:
        """The lead with a turn answered."""
        return replace(self, answered_turn=max(self.answered_turn, turn))
