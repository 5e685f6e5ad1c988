"""What a turn waits for: the end of its burst window, and the draft that was asked for."""

from __future__ import annotations

from typing import ClassVar

from contracts.envelope import Timer


class TurnClosing(Timer):
    """The burst window of a turn is over."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str
    turn: int


def closing_key(lead_id: str) -> str:
    """The key of a lead's one closing timer."""
    return f"turn:{lead_id}"


class DraftOverdue(Timer):
    """A reply was asked for and did not come."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str
    turn: int


def overdue_key(lead_id: str) -> str:
    """The key of a lead's one timer for a draft that does not come."""
    return f"draft:{lead_id}"
