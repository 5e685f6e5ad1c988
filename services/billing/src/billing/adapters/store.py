"""The tables of billing, and every query on them."""

# SQLModel declares the class attributes that name a table as descriptors:
# pyright: reportAssignmentType=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import ClassVar, cast

from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel

from billing.domain.note import Note
from chassis import Session


class NoteRow(SQLModel, table=True):
    """One note."""

    __tablename__ = "notes"
    __table_args__: ClassVar[dict[str, str]] = {"schema": "billing"}

    tenant_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    subject: str
    heard_at: datetime = Field(sa_type=cast("type[DateTime]", DateTime(timezone=True)))


class StoredNotes:
    """Keeps notes in the service's own schema."""

    async def keep(self, session: Session, tenant_id: str, note: Note) -> None:
        """Keep a note; the same one once."""
        values = {"tenant_id": tenant_id, **asdict(note)}
        connection = await session.connection()
        await connection.execute(insert(NoteRow).values(values).on_conflict_do_nothing())
