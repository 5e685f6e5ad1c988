"""Ocr's tables and queries: what is known of contents, and which documents they came as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict, cast

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, select

from chassis import Session, Units
from contracts.documents.v1 import DocumentAnalyzed, DocumentReceived, DocumentUnreadable
from contracts.values import BlobRef
from ocr.application.analyze_document import Finding
from ocr.application.ports import Content, ReadText
from ocr.domain.analysis import Analysis, Category, FoundField, Language, Price
from ocr.domain.document import Method, Reason, Unreadable

_SCHEMA = {"schema": "ocr"}
_MOMENT = DateTime(timezone=True)
_JSON = JSONB(none_as_null=True)
_NOT_OURS = ("tenant_id", "sha256", "read_at")


class _FieldJson(TypedDict):
    name: str
    value: str
    page: int
    snippet: str


class ContentRow(SQLModel, table=True):
    """Bytes of a tenant, by their hash: what was read from them and what it means."""

    __tablename__ = "contents"  # pyright: ignore[reportAssignmentType] — SQLModel declares it as a callable
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    sha256: str = Field(sa_type=Text, primary_key=True)
    reason: str | None = Field(default=None, sa_type=Text)
    detail: str | None = Field(default=None, sa_type=Text)
    text_blob: dict[str, object] | None = Field(default=None, sa_type=_JSON)
    pages: int | None = None
    method: str | None = Field(default=None, sa_type=Text)
    media_type: str | None = Field(default=None, sa_type=Text)
    category: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    summary: str | None = Field(default=None, sa_type=Text)
    confidence: float | None = None
    fields: list[dict[str, object]] | None = Field(default=None, sa_type=_JSON)
    model: str | None = Field(default=None, sa_type=Text)
    offline: bool | None = None
    cost_amount: Decimal | None = None
    cost_currency: str | None = Field(default=None, sa_type=Text)
    read_at: datetime = Field(sa_type=_MOMENT, sa_column_kwargs={"server_default": func.now()})  # pyright: ignore[reportArgumentType]


class DocumentRow(SQLModel, table=True):
    """A document, and the content it came with."""

    __tablename__ = "documents"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    document_id: str = Field(sa_type=Text, primary_key=True)
    message_id: str = Field(sa_type=Text)
    filename: str = Field(sa_type=Text)
    sha256: str = Field(sa_type=Text)
    blob: dict[str, object] = Field(sa_type=_JSON)
    received_at: datetime = Field(sa_type=_MOMENT)  # pyright: ignore[reportArgumentType]


class Documents:
    """The queries; each takes the session it runs in."""

    async def keep(
        self, session: Session, tenant_id: str, finding: Finding
    ) -> Sequence[DocumentAnalyzed | DocumentUnreadable]:
        """Keep what became of a document, and say it."""
        document = finding.document
        await self.keep_content(session, tenant_id, finding.content)
        await session.execute(
            insert(DocumentRow)
            .values(
                tenant_id=tenant_id,
                document_id=document.document_id,
                message_id=document.message_id,
                filename=document.filename,
                sha256=finding.content.sha256,
                blob=document.blob.model_dump(),
                received_at=document.received_at,
            )
            .on_conflict_do_nothing()
        )
        return [finding.news()]

    async def keep_content(self, session: Session, tenant_id: str, content: Content) -> None:
        """Keep what is known of some bytes; newer knowledge replaces older."""
        values = _values(content)
        statement = insert(ContentRow).values(tenant_id=tenant_id, sha256=content.sha256, **values)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "sha256"], set_={**values, "read_at": func.now()}
            )
        )

    async def content(self, session: Session, tenant_id: str, sha256: str) -> Content | None:
        """What is known of some bytes."""
        row = await session.get(ContentRow, (tenant_id, sha256))
        return None if row is None else _content(row)

    async def document(self, session: Session, tenant_id: str, document_id: str) -> Finding | None:
        """What became of a document."""
        found = await self._findings(session, tenant_id, DocumentRow.document_id == document_id)
        return found[0] if found else None

    async def of_message(self, session: Session, tenant_id: str, message_id: str) -> list[Finding]:
        """What became of the documents of a message, in the order in which they came."""
        return await self._findings(session, tenant_id, DocumentRow.message_id == message_id)

    async def _findings(self, session: Session, tenant_id: str, which: bool) -> list[Finding]:
        statement = (
            select(DocumentRow, ContentRow)
            .where(DocumentRow.tenant_id == ContentRow.tenant_id, DocumentRow.sha256 == ContentRow.sha256)
            .where(DocumentRow.tenant_id == tenant_id, which)
            .order_by(DocumentRow.received_at, DocumentRow.document_id)  # pyright: ignore[reportArgumentType]
            .limit(200)
        )
        rows = (await session.exec(statement)).all()
        return [Finding(_received(document), _content(content)) for document, content in rows]


class StoredContents:
    """The use case's memory of contents, over transactions of its own."""

    def __init__(self, units: Units, documents: Documents) -> None:
        self._units = units
        self._documents = documents

    async def find(self, tenant_id: str, sha256: str) -> Content | None:
        """What is known of some bytes."""
        async with self._units.reading(tenant_id) as session:
            return await self._documents.content(session, tenant_id, sha256)

    async def keep(self, tenant_id: str, content: Content) -> None:
        """Keep it now."""
        async with self._units.begin(tenant_id) as transaction:
            await self._documents.keep_content(transaction.session, tenant_id, content)


def _values(content: Content) -> dict[str, object]:
    """The columns of a content, those that do not apply empty."""
    values: dict[str, object] = {name: None for name in ContentRow.model_fields if name not in _NOT_OURS}
    match content.reading:
        case Unreadable(reason, detail):
            values |= {"reason": reason, "detail": detail}
        case ReadText(text, pages, method, media_type):
            values |= {
                "text_blob": text.model_dump(),
                "pages": pages,
                "method": method,
                "media_type": media_type,
            }
    analysis = content.analysis
    if analysis is not None:
        values |= {
            "category": analysis.category,
            "language": analysis.language,
            "summary": analysis.summary,
            "confidence": analysis.confidence,
            "fields": [
                _FieldJson(name=field.name, value=field.value, page=field.page, snippet=field.snippet)
                for field in analysis.fields
            ],
            "model": analysis.model,
            "offline": analysis.offline,
            "cost_amount": analysis.cost.amount if analysis.cost else None,
            "cost_currency": analysis.cost.currency if analysis.cost else None,
        }
    return values


def _content(row: ContentRow) -> Content:
    if row.reason is not None:
        return Content(row.sha256, Unreadable(cast(Reason, row.reason), row.detail or ""))
    reading = ReadText(
        BlobRef.model_validate(row.text_blob), row.pages or 1, cast(Method, row.method), row.media_type or ""
    )
    return Content(row.sha256, reading, _analysis(row))


def _analysis(row: ContentRow) -> Analysis | None:
    if row.category is None:
        return None
    fields = cast(list[_FieldJson], row.fields or [])
    return Analysis(
        category=cast(Category, row.category),
        language=cast(Language, row.language),
        summary=row.summary or "",
        confidence=row.confidence or 0.0,
        fields=tuple(FoundField(**field) for field in fields),
        model=row.model or "",
        offline=bool(row.offline),
        cost=None if row.cost_amount is None else Price(row.cost_amount, row.cost_currency or ""),
    )


def _received(row: DocumentRow) -> DocumentReceived:
    return DocumentReceived(
        document_id=row.document_id,
        message_id=row.message_id,
        filename=row.filename,
        blob=BlobRef.model_validate(row.blob),
        received_at=row.received_at,
    )
