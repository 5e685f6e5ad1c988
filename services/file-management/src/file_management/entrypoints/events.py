"""What file-management hears: the command to file a document."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from chassis import Outcome, Router, Session, UnitOfWork
from chassis.errors import NeverRetry
from contracts.documents.v1 import DocumentFiled, FileDocument
from file_management.application.file_document import DocumentFiler, Filed
from file_management.domain.place import UnknownPlaceholder


class Files(Protocol):
    """The record of what is filed where."""

    async def keep(self, session: Session, tenant_id: str, filed: Filed) -> Collection[DocumentFiled]:
        """Keep where a document is, and say it."""
        ...

    async def of_others(
        self, session: Session, tenant_id: str, document_id: str, external_ids: Collection[str]
    ) -> Collection[str]:
        """Of these external ids, those of other documents."""
        ...


def router(file_document: DocumentFiler, files: Files) -> Router:
    """The handlers."""
    router = Router()

    @router.on(FileDocument, grouped=True, prefetch=8)
    async def on_file_document(command: FileDocument, unit: UnitOfWork) -> Outcome:
        async def filed_by_others(external_ids: Collection[str]) -> Collection[str]:
            async with unit.reading() as session:
                return await files.of_others(session, unit.tenant_id, command.document_id, external_ids)

        try:
            filed = await file_document(
                command, unit.tenant_id, once=unit.effect, filed_by_others=filed_by_others
            )
        except UnknownPlaceholder as error:
            raise NeverRetry(
                f"tenant {unit.tenant_id}: {error}; correct the template, then replay"
            ) from error
        return await unit.write(files.keep, unit.tenant_id, filed)

    return router
