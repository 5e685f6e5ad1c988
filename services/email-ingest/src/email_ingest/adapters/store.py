"""The letters that were taken in, and how far each folder of a mailbox was."""

# SQLModel declares the class attributes that name a table as descriptors:
# pyright: reportAssignmentType=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, cast

from pydantic import JsonValue
from sqlalchemy import Column, DateTime, case, func, tuple_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, col, select

from chassis import Session
from contracts.documents.v1 import DocumentReceived
from contracts.messages.v1 import MessageReceived
from email_ingest.application.look import LetterView
from email_ingest.application.ports import Cursor, TakenLetter

_SCHEMA = {"schema": "email_ingest"}


def _moment() -> datetime:
    return Field(sa_type=cast("type[DateTime]", DateTime(timezone=True)))


class LetterRow(SQLModel, table=True):
    """A letter, with what was said of it.

    `fingerprint` is what makes it the same letter by whatever way it comes, `enquiry_key` what makes it the same enquiry
    when a portal sends it again.
    """

    __tablename__ = "letters"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    fingerprint: str
    external_id: str
    source: str
    kind: str
    received_at: datetime = _moment()
    message: dict[str, JsonValue] = Field(sa_column=Column(JSONB, nullable=False))
    documents: list[JsonValue] = Field(sa_column=Column(JSONB, nullable=False))
    enquiry_key: str | None = None


class CursorRow(SQLModel, table=True):
    """How far a folder was taken in; one of the fleet's own tables."""

    __tablename__ = "source_cursors"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    mailbox: str = Field(primary_key=True)
    folder: str = Field(primary_key=True)
    uidvalidity: int
    last_uid: int
    connected_at: datetime = _moment()


class LetterStore:
    """The port `email_ingest.application.ports.Letters`, and what people look at."""

    async def keep(self, session: Session, tenant_id: str, letter: TakenLetter) -> bool:
        """Keep a letter; False when it is known."""
        message = letter.message
        connection = await session.connection()
        added = await connection.execute(
            insert(LetterRow)
            .values(
                tenant_id=tenant_id,
                message_id=message.message_id,
                fingerprint=letter.fingerprint,
                external_id=message.external_id,
                source=letter.source,
                kind=message.kind,
                received_at=message.received_at,
                message=message.model_dump(mode="json"),
                documents=[document.model_dump(mode="json") for document in letter.documents],
                enquiry_key=letter.enquiry_key,
            )
            .on_conflict_do_nothing()
            .returning(col(LetterRow.message_id))
        )
        return added.first() is not None

    async def cursor(self, session: Session, tenant_id: str, mailbox: str, folder: str) -> Cursor | None:
        """How far a folder was taken in; None when it was never looked at."""
        found = await session.exec(
            select(CursorRow).where(
                CursorRow.tenant_id == tenant_id, CursorRow.mailbox == mailbox, CursorRow.folder == folder
            )
        )
        row = found.first()
        return (
            Cursor(row.mailbox, row.folder, row.uidvalidity, row.last_uid, row.connected_at) if row else None
        )

    async def move_cursor(self, session: Session, tenant_id: str, cursor: Cursor) -> None:
        """Move a folder's cursor; never back while the server's numbering is the same."""
        new = insert(CursorRow).values(
            tenant_id=tenant_id,
            mailbox=cursor.mailbox,
            folder=cursor.folder,
            uidvalidity=cursor.uidvalidity,
            last_uid=cursor.last_uid,
            connected_at=cursor.connected_at,
        )
        same = col(CursorRow.uidvalidity) == new.excluded.uidvalidity
        further = func.greatest(col(CursorRow.last_uid), new.excluded.last_uid)
        await (await session.connection()).execute(
            new.on_conflict_do_update(
                index_elements=["tenant_id", "mailbox", "folder"],
                set_={
                    "uidvalidity": new.excluded.uidvalidity,
                    "last_uid": case((same, further), else_=new.excluded.last_uid),
                },
            )
        )

    async def letters(
        self, session: Session, *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[LetterView]:
        """Letters, newest first, from before a place in that order."""
        wanted = select(LetterRow).order_by(
            col(LetterRow.received_at).desc(), col(LetterRow.message_id).desc()
        )
        if before is not None:
            wanted = wanted.where(
                tuple_(col(LetterRow.received_at), col(LetterRow.message_id)) < tuple_(*before)
            )
        return [_view(row) for row in await session.exec(wanted.limit(limit))]

    async def letter(self, session: Session, message_id: str) -> LetterView | None:
        """One letter."""
        found = await session.exec(select(LetterRow).where(LetterRow.message_id == message_id))
        row = found.first()
        return _view(row) if row is not None else None


def _view(row: LetterRow) -> LetterView:
    return LetterView(
        source=row.source,
        message=MessageReceived.model_validate(row.message, extra="ignore"),
        documents=tuple(
            DocumentReceived.model_validate(document, extra="ignore") for document in row.documents
        ),
    )
