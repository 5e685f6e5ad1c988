"""The send brake: when nothing may leave, and what counts against the hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

Hold = Literal["suspended", "paused", "fleet_paused", "too_many"]
HOUR = timedelta(hours=1)

REASONS: dict[Hold, str] = {
    "suspended": "the company is suspended; it leaves when the company is reinstated",
    "paused": "sending is paused for this company; it leaves when the pause ends",
    "fleet_paused": "sending is paused for the whole installation; it leaves when the pause ends",
    "too_many": "the company's limit of automatic replies in an hour is reached; it leaves when there is room again",
}


def held_by(*, tenant_paused: bool, fleet_paused: bool, suspended: bool = False) -> Hold | None:
    """The pause that holds a letter back, if any."""
    if suspended:
        return "suspended"
    if fleet_paused:
        return "fleet_paused"
    return "paused" if tenant_paused else None


def counts(*, purpose: str, automatic: bool) -> bool:
    """Whether a letter counts against the hour: what the AI sends to people outside."""
    return purpose == "reply" and automatic


def room(*, handed_over: int, cap: int) -> int:
    """How many more may leave in this hour."""
    return max(0, cap - handed_over)
