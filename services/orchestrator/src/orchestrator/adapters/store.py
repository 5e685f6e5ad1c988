"""The orchestrator's tables, and their rows as the domain's values."""

# SQLModel declares the class attributes that name a table as descriptors:
# pyright: reportAssignmentType=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, cast

from pydantic import JsonValue
from sqlalchemy import Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from contracts.values import BlobRef, Evidence
from orchestrator.application.ports import DocumentNote
from orchestrator.domain.lead import Lead, LeadState
from orchestrator.domain.turn import Draft, LetterNote, Turn, TurnState

_SCHEMA = {"schema": "orchestrator"}


def _moment(*, null: bool = False) -> datetime:
    return Field(sa_type=cast("type[DateTime]", DateTime(timezone=True)), nullable=null)


def _json() -> list[JsonValue]:
    return Field(default_factory=list, sa_column=Column(JSONB, nullable=False))


class LeadRow(SQLModel, table=True):
    """A lead."""

    __tablename__ = "leads"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    state: str
    name: str | None = None
    channel: str
    reply_to: str
    subject: str
    object_reference: str | None = None
    object_title: str | None = None
    portal: str | None = None
    turn: int
    answered_turn: int
    created_at: datetime = _moment()
    customer_id: str | None = None


class ContactPointRow(SQLModel, table=True):
    """A way to reach a person; unique in a tenant, so it tells the lead."""

    __tablename__ = "contact_points"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    lead_id: str


class MoveRow(SQLModel, table=True):
    """A step in a lead's history."""

    __tablename__ = "moves"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    old: str | None = None
    new: str
    reason: str
    moved_at: datetime = _moment()


class TurnRow(SQLModel, table=True):
    """A turn of a lead."""

    __tablename__ = "turns"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    state: str
    opened_at: datetime = _moment()
    closes_at: datetime = _moment()
    deadline: datetime = _moment()
    draft: dict[str, JsonValue] | None = Field(default=None, sa_column=Column(JSONB))
    reason: str = ""
    released_by: str | None = None


class LetterRow(SQLModel, table=True):
    """A letter, of the person or of the company."""

    __tablename__ = "letters"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    lead_id: str | None = None
    turn: int | None = None
    kind: str
    channel: str
    external_id: str
    references: list[JsonValue] = _json()
    subject: str
    text: str = Field(sa_column=Column("body", Text, nullable=False))
    sent_at: datetime = _moment()
    received_at: datetime = _moment()
    authenticity: str
    automatic: bool
    historic: bool
    problems: list[JsonValue] = _json()
    document_ids: list[JsonValue] = _json()
    by: str


class DocumentRow(SQLModel, table=True):
    """What is known of a document."""

    __tablename__ = "documents"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    document_id: str = Field(primary_key=True)
    message_id: str
    filename: str
    blob: dict[str, JsonValue] = Field(sa_column=Column(JSONB, nullable=False))
    category: str | None = None
    summary: str = ""
    fields: list[JsonValue] = Field(default_factory=list, sa_column=Column("fields", JSONB, nullable=False))
    unreadable: str | None = None
    asked_to_file: bool = False
    filed_path: str | None = None


class SentRow(SQLModel, table=True):
    """A mail that left for a lead."""

    __tablename__ = "sent"
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    external_id: str = Field(primary_key=True)
    lead_id: str
    turn: int
    purpose: str
    automatic: bool
    sent_at: datetime = _moment()


def lead_of(row: LeadRow) -> Lead:
    """A row as the domain's lead."""
    return Lead(
        row.lead_id, cast("LeadState", row.state), row.name, row.channel, row.reply_to, row.subject,
        row.object_reference, row.object_title, row.portal, row.turn, row.answered_turn, row.created_at,
    )  # fmt: skip


def turn_of(row: TurnRow) -> Turn:
    """A row as the domain's turn."""
    draft = None
    if row.draft is not None:
        values = {**row.draft, "facts_used": tuple(cast("list[str]", row.draft["facts_used"]))}
        draft = Draft(**values)  # pyright: ignore[reportArgumentType] — written by asdict of the same class
    return Turn(
        row.lead_id, row.number, cast("TurnState", row.state), row.opened_at, row.closes_at, row.deadline, draft,
        row.reason, row.released_by,
    )  # fmt: skip


def letter_of(row: LetterRow) -> LetterNote:
    """A row as the domain's letter."""
    return LetterNote(
        message_id=row.message_id, lead_id=row.lead_id, turn=row.turn, kind=row.kind, channel=row.channel,
        external_id=row.external_id, references=_texts(row.references), subject=row.subject, text=row.text,
        sent_at=row.sent_at, received_at=row.received_at, authenticity=row.authenticity, automatic=row.automatic,
        historic=row.historic, problems=_texts(row.problems), document_ids=_texts(row.document_ids),
        by="person" if row.by == "person" else "company",
    )  # fmt: skip


def document_of(row: DocumentRow) -> DocumentNote:
    """A row as the application's document."""
    return DocumentNote(
        row.document_id, row.message_id, row.filename, BlobRef.model_validate(row.blob), row.category, row.summary,
        tuple(Evidence.model_validate(field) for field in row.fields), row.unreadable, row.asked_to_file,
        row.filed_path,
    )  # fmt: skip


def _texts(values: Sequence[JsonValue]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)
