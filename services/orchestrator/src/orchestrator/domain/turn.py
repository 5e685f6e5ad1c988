"""A turn: what a person writes in one go, answered by one reply.

open ──window over, documents read──▶ drafting ──▶ sending ──▶ answered
 │                                       │  └──▶ review (a human decides) ──▶ sending, answered, refused
 └──────── a newer letter: stale ────────┘          └──▶ human (handed over)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

TurnState = Literal[
    "open",
    "drafting",
    "review",
    "sending",
    "answered",
    "human",
    "refused",
    "stale",
    "silent",
    "uncertain",
    "failed",
]
UNANSWERED: frozenset[TurnState] = frozenset({"open", "drafting", "review", "human"})
"""States in which a newer letter takes the turn's letters along: nothing has left for it."""
UNSETTLED: frozenset[TurnState] = frozenset({*UNANSWERED, "sending", "uncertain", "failed"})
"""States that an answer of the agent's own puts an end to."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply that is ready: body without signature, and what the model said of it."""

    text: str
    language: str
    intent: str
    sentiment: str
    confidence: float
    facts_used: tuple[str, ...]
    model: str
    offline: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a lead. It is closed at `closes_at`, with unread documents at latest at `deadline`.

    `released_by` is the human who let its reply go; none when the AI answered by itself.
    """

    lead_id: str
    number: int
    state: TurnState
    opened_at: datetime
    closes_at: datetime
    deadline: datetime
    draft: Draft | None = None
    reason: str = ""
    released_by: str | None = None

    @classmethod
    def opened(
        cls, lead_id: str, number: int, now: datetime, *, window: timedelta, patience: timedelta
    ) -> Turn:
        """A new turn."""
        return cls(lead_id, number, "open", now, now + window, now + max(patience, window))

    def hears(self, now: datetime, *, window: timedelta) -> Turn:
        """The turn with another letter: the window begins again, the deadline does not."""
        return replace(self, closes_at=min(now + window, max(self.deadline, self.closes_at)))

    def now(self, state: TurnState, *, reason: str = "", draft: Draft | None = None) -> Turn:
        """The turn in another state."""
        return replace(self, state=state, reason=reason or self.reason, draft=draft or self.draft)

    def may_close(self, now: datetime, *, documents_pending: bool) -> bool:
        """Whether the turn is over: the window has passed, and the documents are read or were waited for."""
        return now >= self.closes_at and (not documents_pending or now >= self.deadline)


@dataclass(frozen=True, slots=True)
class LetterNote:
    """What is kept of a letter."""

    message_id: str
    lead_id: str | None
    turn: int | None
    kind: str
    channel: str
    external_id: str
    references: tuple[str, ...]
    subject: str
    text: str
    sent_at: datetime
    received_at: datetime
    authenticity: str
    automatic: bool
    historic: bool
    problems: tuple[str, ...]
    document_ids: tuple[str, ...] = field(default=())
    by: Literal["person", "company"] = "person"
