"""What people see of leads and drafts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from contracts.values import Evidence


class LeadView(BaseModel):
    """A lead in a list."""

    lead_id: str
    state: str
    name: str | None
    channel: str
    subject: str
    object_reference: str | None
    portal: str | None
    customer_id: str | None
    created_at: datetime


class MoveView(BaseModel):
    """A step of a lead's history."""

    old: str | None
    new: str
    reason: str
    moved_at: datetime


class TurnView(BaseModel):
    """A turn, and what was drafted for it."""

    number: int
    state: str
    reason: str
    opened_at: datetime
    draft: str | None
    intent: str | None
    confidence: float | None


class LetterView(BaseModel):
    """A letter."""

    message_id: str
    turn: int | None
    by: str
    subject: str
    text: str
    sent_at: datetime
    problems: list[str]


class DocumentView(BaseModel):
    """A document."""

    document_id: str
    filename: str
    category: str | None
    summary: str
    fields: list[Evidence]
    unreadable: str | None
    filed_path: str | None


class LeadDetail(LeadView):
    """A lead with everything that belongs to it."""

    history: list[MoveView]
    turns: list[TurnView]
    letters: list[LetterView]
    documents: list[DocumentView]


class DraftView(BaseModel):
    """A turn that waits for a human."""

    lead_id: str
    turn: int
    name: str | None
    state: str
    reason: str
    subject: str
    draft: str | None
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of leads ended: many leads may have one time, none has both."""

    created_at: datetime
    lead_id: str


class Desk(Protocol):
    """Reads of one tenant."""

    async def leads(self, *, state: str | None, before: Place | None, limit: int) -> list[LeadView]:
        """Newest first, those after a place in that order."""
        ...

    async def lead(self, lead_id: str) -> LeadDetail | None:
        """One lead with everything."""
        ...

    async def drafts(self) -> list[DraftView]:
        """What waits, oldest first."""
        ...
