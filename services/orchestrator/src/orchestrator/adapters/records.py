"""The records of one tenant in one transaction: the port of the use cases, on the tables of `store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, select

from chassis import Session
from contracts.values import ContactPoint
from orchestrator.adapters.store import (
    ContactPointRow,
    DocumentRow,
    LeadRow,
    LetterRow,
    MoveRow,
    SentRow,
    TurnRow,
    document_of,
    lead_of,
    letter_of,
    turn_of,
)
from orchestrator.application.ports import DocumentNote, Purpose, Said, SentNote
from orchestrator.domain.lead import Lead, LeadState
from orchestrator.domain.turn import LetterNote, Turn


class Records:
    """The port `orchestrator.application.ports.Records` on Postgres."""

    def __init__(self, session: Session, tenant_id: str) -> None:
        self._session = session
        self._tenant_id = tenant_id

    async def hold_message(self, message_id: str) -> None:
        """An advisory lock: neither the letter's row nor the document's need be there yet."""
        name = func.concat("message:", self._tenant_id, ":", message_id)
        await (await self._session.connection()).execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0)))
        )

    async def lead_of(self, points: Sequence[ContactPoint], candidate: str) -> str:
        """Insert, on conflict do nothing, then lock; in sorted order, so that two letters never wait for each other."""
        keys = sorted({(point.kind, point.value) for point in points})
        if not keys:
            return candidate
        values = [
            {"tenant_id": self._tenant_id, "kind": kind, "value": value, "lead_id": candidate}
            for kind, value in keys
        ]
        await (await self._session.connection()).execute(
            insert(ContactPointRow).values(values).on_conflict_do_nothing()
        )
        found: list[str] = []
        for kind, value in keys:
            row = await self._session.exec(
                select(ContactPointRow.lead_id)
                .where(ContactPointRow.kind == kind, ContactPointRow.value == value)
                .with_for_update()
            )
            found.append(row.one())
        known = sorted({lead_id for lead_id in found if lead_id != candidate})
        if not known:
            return candidate
        # Ids rise with time: the smallest is the oldest lead. What is new of the person becomes its own.
        await (await self._session.connection()).execute(
            update(ContactPointRow).where(col(ContactPointRow.lead_id) == candidate).values(lead_id=known[0])
        )
        return known[0]

    async def known_lead(self, point: ContactPoint) -> str | None:
        """By the contact point's key."""
        found = await self._session.exec(
            select(ContactPointRow.lead_id).where(
                ContactPointRow.kind == point.kind, ContactPointRow.value == point.value
            )
        )
        return found.first()

    async def lead_of_thread(self, external_ids: Sequence[str]) -> str | None:
        """By the Message-IDs of letters that belong to a lead."""
        found = await self._session.exec(
            select(LetterRow.lead_id)
            .where(col(LetterRow.external_id).in_(external_ids), col(LetterRow.lead_id).is_not(None))
            .order_by(col(LetterRow.received_at).desc())
            .limit(1)
        )
        return found.first()

    async def lead(self, lead_id: str) -> Lead | None:
        """A lead, locked."""
        found = await self._session.exec(select(LeadRow).where(LeadRow.lead_id == lead_id).with_for_update())
        row = found.first()
        return lead_of(row) if row is not None else None

    async def keep_lead(self, lead: Lead) -> None:
        """Insert or replace, but for the customer, which `link_customer` keeps."""
        await self._upsert(LeadRow, {**asdict(lead)}, ("lead_id",))

    async def note_move(self, lead_id: str, old: LeadState | None, new: LeadState, reason: str) -> None:
        """The lead is locked, so the numbers have no holes."""
        count = await self._session.exec(select(func.count()).where(MoveRow.lead_id == lead_id))
        row = MoveRow(
            tenant_id=self._tenant_id,
            lead_id=lead_id,
            number=count.one() + 1,
            old=old,
            new=new,
            reason=reason,
            moved_at=datetime.now(UTC),
        )
        self._session.add(row)
        await self._session.flush()

    async def turn(self, lead_id: str, number: int) -> Turn | None:
        """One turn."""
        row = await self._session.get(TurnRow, (self._tenant_id, lead_id, number), populate_existing=True)
        return turn_of(row) if row is not None else None

    async def keep_turn(self, turn: Turn) -> None:
        """Insert or replace."""
        values = {**asdict(turn), "draft": asdict(turn.draft) if turn.draft is not None else None}
        await self._upsert(TurnRow, values, ("lead_id", "number"))

    async def keep_letter(self, letter: LetterNote) -> None:
        """Insert."""
        values = asdict(letter)
        for name in ("references", "problems", "document_ids"):
            values[name] = list(values[name])
        values["body"] = values.pop("text")
        await self._upsert(LetterRow, values, ("message_id",))

    async def letter(self, message_id: str) -> LetterNote | None:
        """One letter."""
        row = await self._session.get(LetterRow, (self._tenant_id, message_id), populate_existing=True)
        return letter_of(row) if row is not None else None

    async def letters_of(self, lead_id: str, turn: int) -> Sequence[LetterNote]:
        """Oldest first."""
        rows = await self._session.exec(
            select(LetterRow)
            .where(LetterRow.lead_id == lead_id, LetterRow.turn == turn, LetterRow.by == "person")
            .order_by(col(LetterRow.sent_at), col(LetterRow.received_at), col(LetterRow.message_id))
        )
        return [letter_of(row) for row in rows]

    async def move_letters(self, lead_id: str, old_turn: int, new_turn: int) -> None:
        """The older turn keeps none."""
        await (await self._session.connection()).execute(
            update(LetterRow)
            .where(col(LetterRow.lead_id) == lead_id, col(LetterRow.turn) == old_turn)
            .values(turn=new_turn)
        )

    async def said_before(self, lead_id: str, turn: int, *, most: int = 10) -> Sequence[Said]:
        """Letters of both sides, and the replies that we sent."""
        letters = await self._session.exec(
            select(LetterRow)
            .where(LetterRow.lead_id == lead_id, col(LetterRow.turn) < turn)
            .order_by(col(LetterRow.sent_at).desc())
            .limit(most)
        )
        # A draft was said only if it left: the agent may have answered himself, and left it lying.
        replied = select(SentRow.external_id).where(
            SentRow.tenant_id == TurnRow.tenant_id, SentRow.lead_id == TurnRow.lead_id,
            SentRow.turn == TurnRow.number, SentRow.purpose == "reply",
        )  # fmt: skip
        said = [Said("person" if row.by == "person" else "company", row.sent_at, row.text) for row in letters]
        turns = await self._session.exec(
            select(TurnRow)
            .where(TurnRow.lead_id == lead_id, TurnRow.number < turn, replied.exists())
            .order_by(col(TurnRow.number).desc())
            .limit(most)
        )
        said += [
            Said("company", row.closes_at, str(row.draft["text"])) for row in turns if row.draft is not None
        ]
        return sorted(said, key=lambda one: one.at)[-most:]

    async def document(self, document_id: str) -> DocumentNote | None:
        """One document."""
        row = await self._session.get(DocumentRow, (self._tenant_id, document_id), populate_existing=True)
        return document_of(row) if row is not None else None

    async def keep_document(self, document: DocumentNote) -> None:
        """Insert or replace."""
        values = {
            **asdict(replace(document, fields=())),
            "blob": document.blob.model_dump(),
            "fields": [field.model_dump() for field in document.fields],
        }
        await self._upsert(DocumentRow, values, ("document_id",))

    async def documents_of(self, message_ids: Sequence[str]) -> Sequence[DocumentNote]:
        """In the order of their ids."""
        rows = await self._session.exec(
            select(DocumentRow)
            .where(col(DocumentRow.message_id).in_(message_ids))
            .order_by(col(DocumentRow.document_id))
            .execution_options(populate_existing=True)
        )
        return [document_of(row) for row in rows]

    async def keep_sent(self, sent: SentNote) -> None:
        """The same once."""
        await self._upsert(SentRow, asdict(sent), ("external_id",))

    async def sent_under(self, external_ids: Sequence[str]) -> SentNote | None:
        """The newest of them."""
        rows = await self._session.exec(
            select(SentRow)
            .where(col(SentRow.external_id).in_(external_ids))
            .order_by(col(SentRow.sent_at).desc())
            .limit(1)
        )
        row = rows.first()
        if row is None:
            return None
        return SentNote(
            row.lead_id, row.turn, cast("Purpose", row.purpose), row.external_id, row.sent_at, row.automatic
        )

    async def automatic_replies(self, lead_id: str | None, since: datetime) -> int:
        """Counted from what left."""
        query = select(func.count()).where(
            SentRow.purpose == "reply", col(SentRow.automatic).is_(True), SentRow.sent_at >= since
        )
        if lead_id is not None:
            query = query.where(SentRow.lead_id == lead_id)
        return (await self._session.exec(query)).one()

    async def link_customer(self, lead_id: str, customer_id: str) -> None:
        """Note it at the lead."""
        await (await self._session.connection()).execute(
            update(LeadRow).where(col(LeadRow.lead_id) == lead_id).values(customer_id=customer_id)
        )

    async def _upsert(self, table: type[SQLModel], given: Mapping[str, object], key: tuple[str, ...]) -> None:
        values = {"tenant_id": self._tenant_id, **given}
        statement = insert(table).values(values)
        changed = {name: statement.excluded[name] for name in values if name not in ("tenant_id", *key)}
        await (await self._session.connection()).execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", *key], set_=changed)
        )
