"""A letter came in, by IMAP or by webhook: read it, keep its bytes, say it once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Following, outside_id
from contracts.messages.v1 import MessageReceived, PortalEnquiry, Sender
from contracts.values import BlobRef, ContactPoint
from email_ingest.application.ports import (
    BlobStore,
    Letters,
    Mailboxes,
    Profiles,
    Recogniser,
    Session,
    TakenLetter,
)
from email_ingest.domain.identity import enquiry_key
from email_ingest.domain.letter import LARGEST, Company, Document, Letter, Portal
from email_ingest.domain.read_letter import read_letter

_BEGINNING = 256 * 1024
_FIRST_YEAR = 1990
"""What says that it is older than this does not know its date."""
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as it came.

    `whole` is false when only its beginning was fetched; `sent`: it lay in the Sent folder; `problem` is told with it.
    """

    raw: bytes
    received_at: datetime
    source: Literal["imap", "webhook", "history"]
    sent: bool = False
    whole: bool = True
    problem: str | None = None

    @property
    def limited(self) -> Arrival:
        """The arrival itself, or only the beginning of one that is too large."""
        if len(self.raw) <= LARGEST:
            return self
        return replace(self, raw=self.raw[:_BEGINNING], whole=False)


class TakeLetterIn:
    """Takes letters in, in two parts: `prepare` works, `keep` writes in a transaction and returns what follows."""

    def __init__(
        self,
        *,
        profiles: Profiles,
        mailboxes: Mailboxes,
        blobs: BlobStore,
        letters: Letters,
        is_own: Recogniser,
    ) -> None:
        self._profiles = profiles
        self._mailboxes = mailboxes
        self._blobs = blobs
        self._letters = letters
        self._is_own = is_own

    async def prepare(self, tenant_id: str, arrival: Arrival) -> TakenLetter | None:
        """Read a letter and keep its bytes; None when we wrote it ourselves and it merely lies in the Sent folder."""
        arrival = arrival.limited
        company = await self._company(tenant_id)
        letter = await asyncio.to_thread(
            read_letter,
            arrival.raw,
            company,
            arrival.received_at,
            sent=arrival.sent,
            truncated=not arrival.whole,
        )
        if (arrival.sent or letter.kind == "own_answer") and self._is_own(tenant_id, letter.external_id):
            return None
        raw = await self._blobs.put(tenant_id, arrival.raw, "message/rfc822")
        identity = _clean(f"{letter.external_id[:500]} {letter.content_hash}")
        message_id = outside_id(tenant_id, "email", identity)
        # Only an enquiry's attachments are read and filed; those of others lie in the original.
        documents = [
            await self._document(tenant_id, message_id, number, document, arrival.received_at)
            for number, document in enumerate(letter.documents if letter.kind == "enquiry" else ())
        ]
        message = _message(letter, arrival, message_id, raw, documents, company)
        known_by = enquiry_key(letter, _utc(arrival.received_at))
        return TakenLetter(identity, arrival.source, message, tuple(documents), known_by)

    async def keep(self, session: Session, tenant_id: str, taken: TakenLetter) -> list[Following]:
        """Keep a letter; returns what is to be said: nothing when the letter is known."""
        if not await self._letters.keep(session, tenant_id, taken):
            return []
        return [taken.message, *taken.documents]

    async def _company(self, tenant_id: str) -> Company:
        account = await self._mailboxes.account(tenant_id)
        profile = await self._profiles.profile(tenant_id)
        return Company(profile.mailbox, profile.agent_email, account.authserv_id if account else None)

    async def _document(
        self, tenant_id: str, message_id: str, number: int, document: Document, received_at: datetime
    ) -> DocumentReceived:
        blob = await self._blobs.put(tenant_id, document.data, _clean(document.media_type))
        return DocumentReceived(
            document_id=outside_id(tenant_id, "document", f"{message_id}:{number}"),
            message_id=message_id,
            filename=_clean(document.filename),
            blob=blob,
            received_at=_utc(received_at),
        )


def _message(
    letter: Letter, arrival: Arrival, message_id: str, raw: BlobRef, documents: Sequence[DocumentReceived],
    company: Company,
) -> MessageReceived:  # fmt: skip
    person = letter.sender
    return MessageReceived(
        message_id=message_id,
        channel="email",
        external_id=_clean(letter.external_id),
        kind=letter.kind,
        sender=Sender(
            name=_clean(person.name) if person.name else None,
            contact_points=tuple(
                ContactPoint(kind=kind, value=_clean(value)) for kind, value in person.contact_points
            ),
            reply_to=_clean(person.reply_to),
        ),
        recipient=_clean(_recipient(letter, company)),
        subject=_clean(letter.subject),
        text=_clean(letter.text),
        sent_at=_utc(letter.sent_at if letter.sent_at.year >= _FIRST_YEAR else arrival.received_at),
        received_at=_utc(arrival.received_at),
        in_reply_to=_clean(letter.in_reply_to) if letter.in_reply_to else None,
        references=tuple(map(_clean, letter.references)),
        document_ids=tuple(document.document_id for document in documents),
        authenticity=letter.authenticity,
        portal=_portal(letter.portal) if letter.portal else None,
        automatic=letter.automatic,
        historic=arrival.source == "history",
        problems=tuple(map(_clean, (*letter.problems, *([arrival.problem] if arrival.problem else [])))),
        raw=raw,
    )


def _recipient(letter: Letter, company: Company) -> str:
    """The company's address that it reached; of what the agent sent, whom he wrote to."""
    if letter.kind != "own_answer":
        return letter.recipient
    others = [address for address in letter.addressees if not company.owns(address)]
    return next(iter(others), letter.recipient).lower()


def _portal(portal: Portal) -> PortalEnquiry:
    def maybe(text: str | None) -> str | None:
        return _clean(text) if text else None

    return PortalEnquiry(
        portal=_clean(portal.portal),
        object_reference=maybe(portal.object_reference),
        listing_id=maybe(portal.listing_id),
        object_title=maybe(portal.object_title),
    )


def _clean(text: str) -> str:
    """A text without what no database or JSON text can hold: NUL characters, halves of surrogate pairs."""
    return _NO_CHARACTER.sub("\ufffd", text.replace("\x00", ""))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
