"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from contracts.tenants.http_v1 import TenantProfile
from contracts.values import BlobRef, ContactPoint, Evidence
from orchestrator.domain.lead import Lead, LeadState
from orchestrator.domain.turn import LetterNote, Turn

Purpose = Literal["reply", "draft", "handover", "notice"]


@dataclass(frozen=True, slots=True)
class DocumentNote:
    """What is known of a document."""

    document_id: str
    message_id: str
    filename: str
    blob: BlobRef
    category: str | None
    summary: str
    fields: tuple[Evidence, ...]
    unreadable: str | None
    asked_to_file: bool = False
    filed_path: str | None = None


@dataclass(frozen=True, slots=True)
class SentNote:
    """A mail that left for a lead."""

    lead_id: str
    turn: int
    purpose: Purpose
    external_id: str
    sent_at: datetime
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Something said earlier."""

    who: Literal["person", "company"]
    at: datetime
    text: str


class Records(Protocol):
    """The orchestrator's records of one tenant, within one transaction."""

    async def hold_message(self, message_id: str) -> None:
        """Let nobody else write of this message or of its documents until the transaction ends.

        A letter and the news of its documents come at the same time: each must see the other, or one of them waits.
        """
        ...

    async def lead_of(self, points: Sequence[ContactPoint], candidate: str) -> str:
        """Tie contact points to the lead that has one of them, else to the candidate; returns that lead's id, locked."""
        ...

    async def known_lead(self, point: ContactPoint) -> str | None:
        """The lead that has this contact point, if any."""
        ...

    async def lead_of_thread(self, external_ids: Sequence[str]) -> str | None:
        """The lead that wrote the newest of these letters, if any."""
        ...

    async def lead(self, lead_id: str) -> Lead | None:
        """A lead, locked until the transaction ends."""
        ...

    async def keep_lead(self, lead: Lead) -> None:
        """Insert or replace a lead."""
        ...

    async def note_move(self, lead_id: str, old: LeadState | None, new: LeadState, reason: str) -> None:
        """Add to a lead's history."""
        ...

    async def turn(self, lead_id: str, number: int) -> Turn | None:
        """One turn."""
        ...

    async def keep_turn(self, turn: Turn) -> None:
        """Insert or replace a turn."""
        ...

    async def keep_letter(self, letter: LetterNote) -> None:
        """Insert a letter."""
        ...

    async def letters_of(self, lead_id: str, turn: int) -> Sequence[LetterNote]:
        """The letters of a turn, oldest first."""
        ...

    async def move_letters(self, lead_id: str, old_turn: int, new_turn: int) -> None:
        """Let a newer turn answer the letters of an older one."""
        ...

    async def said_before(self, lead_id: str, turn: int, *, most: int = 10) -> Sequence[Said]:
        """What was said before a turn, oldest first."""
        ...

    async def document(self, document_id: str) -> DocumentNote | None:
        """One document."""
        ...

    async def keep_document(self, document: DocumentNote) -> None:
        """Insert or replace what is known of a document."""
        ...

    async def documents_of(self, message_ids: Sequence[str]) -> Sequence[DocumentNote]:
        """The documents, as far as they were told of, that came with messages."""
        ...

    async def letter(self, message_id: str) -> LetterNote | None:
        """One letter."""
        ...

    async def keep_sent(self, sent: SentNote) -> None:
        """Note a mail that left; the same one once."""
        ...

    async def sent_under(self, external_ids: Sequence[str]) -> SentNote | None:
        """The newest mail that left under one of these Message-IDs."""
        ...

    async def automatic_replies(self, lead_id: str | None, since: datetime) -> int:
        """How many automatic replies left since then, to one lead or to all of the tenant."""
        ...

    async def link_customer(self, lead_id: str, customer_id: str) -> None:
        """Note a lead's customer in the CRM."""
        ...


class Profiles(Protocol):
    """Who a tenant is."""

    async def profile(self, tenant_id: str) -> TenantProfile:
        """A tenant's profile."""
        ...


class Clock(Protocol):
    """The time."""

    def __call__(self) -> datetime:
        """Now, in UTC."""
        ...


class Recogniser(Protocol):
    """Tells our own Message-IDs."""

    def __call__(self, tenant_id: str, message_id: str) -> bool:
        """Whether we made it."""
        ...
