"""The journal's table."""

# SQLModel declares the class attributes that name a table as descriptors:
# pyright: reportAssignmentType=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, cast

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import JSON, BigInteger, Column, DateTime, Identity, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col, select

from chassis import AnyEvent, Session
from reporting.application.ports import Entry

_BODY = TypeAdapter(dict[str, JsonValue])


class EntryRow(SQLModel, table=True):
    """One message as it was heard."""

    __tablename__ = "journal"
    __table_args__: ClassVar[dict[str, str]] = {"schema": "reporting"}

    tenant_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    type: str = Field(primary_key=True)
    position: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    source: str
    subject: str
    said_at: datetime = Field(sa_type=cast("type[DateTime]", DateTime(timezone=True)))
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    sequence: int | None = Field(default=None, sa_column=Column(BigInteger))
    body: dict[str, JsonValue] = Field(sa_column=Column(JSON, nullable=False))


async def add_to_journal(session: Session, event: AnyEvent) -> None:
    """Add one message; the same one once."""
    envelope = event.envelope
    values = {
        "tenant_id": envelope.tenant_id,
        "message_id": envelope.id,
        "type": envelope.type,
        "source": envelope.source,
        "subject": envelope.subject,
        "said_at": envelope.time,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "traceparent": envelope.traceparent,
        "sequence": envelope.sequence,
        "body": _BODY.validate_json(event.body),
    }
    connection = await session.connection()
    await connection.execute(insert(EntryRow).values(values).on_conflict_do_nothing())


class Journal:
    """The port `reporting.application.ports.Journal` on Postgres."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def entries(
        self, *, correlation_id: str | None, subject: str | None, kind: str | None, after: int, limit: int
    ) -> list[Entry]:
        """After a position, in order."""
        query = (
            select(EntryRow).where(EntryRow.position > after).order_by(col(EntryRow.position)).limit(limit)
        )
        if correlation_id is not None:
            query = query.where(EntryRow.correlation_id == correlation_id)
        if subject is not None:
            query = query.where(EntryRow.subject == subject)
        if kind is not None:
            query = query.where(EntryRow.type == kind)
        return [_entry(row) for row in await self._session.exec(query)]

    async def story(self, reference: str, *, after: int, limit: int) -> list[Entry]:
        """Of a correlation id, or of what an aggregate had part in."""
        stories = select(EntryRow.correlation_id).where(
            or_(col(EntryRow.correlation_id) == reference, col(EntryRow.subject) == reference)
        )
        query = (
            select(EntryRow)
            .where(col(EntryRow.correlation_id).in_(stories), EntryRow.position > after)
            .order_by(col(EntryRow.position))
            .limit(limit)
        )
        return [_entry(row) for row in await self._session.exec(query)]


def _entry(row: EntryRow) -> Entry:
    return Entry.model_validate(row.model_dump(exclude={"tenant_id"}))
