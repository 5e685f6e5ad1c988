"""File-management's table and queries: what is filed where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import cast

from sqlalchemy import DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, col, select

from chassis import Session
from contracts.documents.v1 import DocumentCategory, DocumentFiled, FileDocument
from contracts.values import BlobRef
from file_management.application.file_document import Filed
from file_management.application.ports import StoredFile, StoreName


class FileRow(SQLModel, table=True):
    """A document, and the file that it became."""

    __tablename__ = "files"  # pyright: ignore[reportAssignmentType] — SQLModel declares it as a callable
    __table_args__ = {"schema": "file_management"}

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    document_id: str = Field(sa_type=Text, primary_key=True)
    lead_id: str = Field(sa_type=Text)
    person: str = Field(sa_type=Text)
    object_reference: str | None = Field(default=None, sa_type=Text)
    filename: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    received_on: date
    blob: dict[str, object] = Field(sa_type=JSONB)
    store: str = Field(sa_type=Text)
    path: str = Field(sa_type=Text)
    external_id: str = Field(sa_type=Text)
    url: str | None = Field(default=None, sa_type=Text)
    filed_at: datetime = Field(  # pyright: ignore[reportCallIssue] — SQLModel has no overload for a column's default
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
        sa_column_kwargs={"server_default": func.now()},
    )


class Files:
    """The queries; each takes the session it runs in."""

    async def keep(self, session: Session, tenant_id: str, filed: Filed) -> Sequence[DocumentFiled]:
        """Keep where a document is, and say it. The first place stands."""
        command, file = filed.command, filed.file
        await session.execute(
            insert(FileRow)
            .values(
                tenant_id=tenant_id,
                document_id=command.document_id,
                lead_id=command.lead_id,
                person=command.person,
                object_reference=command.object_reference,
                filename=command.filename,
                category=command.category,
                received_on=command.received_on,
                blob=command.blob.model_dump(),
                store=filed.store,
                path=file.path,
                external_id=file.external_id,
                url=file.url,
            )
            .on_conflict_do_nothing()
        )
        return [filed.news()]

    async def of_others(
        self, session: Session, tenant_id: str, document_id: str, external_ids: Collection[str]
    ) -> Collection[str]:
        """Of these external ids, those under which other documents are on record."""
        statement = select(FileRow.external_id).where(
            FileRow.tenant_id == tenant_id,
            FileRow.document_id != document_id,
            col(FileRow.external_id).in_(external_ids),
        )
        return set((await session.exec(statement)).all())

    async def one(self, session: Session, tenant_id: str, document_id: str) -> Filed | None:
        """Where a document is."""
        row = await session.get(FileRow, (tenant_id, document_id))
        return None if row is None else _filed(row)

    async def of_lead(self, session: Session, tenant_id: str, lead_id: str) -> list[Filed]:
        """Where the documents of a lead are, in the order in which they were filed."""
        statement = (
            select(FileRow)
            .where(FileRow.tenant_id == tenant_id, FileRow.lead_id == lead_id)
            .order_by(col(FileRow.filed_at), col(FileRow.document_id))
            .limit(500)
        )
        return [_filed(row) for row in (await session.exec(statement)).all()]


def _filed(row: FileRow) -> Filed:
    command = FileDocument(
        document_id=row.document_id,
        lead_id=row.lead_id,
        person=row.person,
        object_reference=row.object_reference,
        filename=row.filename,
        category=cast(DocumentCategory, row.category),
        received_on=row.received_on,
        blob=BlobRef.model_validate(row.blob),
    )
    return Filed(command, cast(StoreName, row.store), StoredFile(row.path, row.external_id, row.url))
