"""What file-management answers over HTTP: where documents are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query

from chassis import Session, Units
from chassis.http import Problem, tenant_of
from contracts.documents.v1 import DocumentFiled
from file_management.application.file_document import Filed

TenantId = Annotated[str, Depends(tenant_of)]


class Files(Protocol):
    """The questions that are asked here."""

    async def one(self, session: Session, tenant_id: str, document_id: str) -> Filed | None:
        """Where a document is."""
        ...

    async def of_lead(self, session: Session, tenant_id: str, lead_id: str) -> list[Filed]:
        """Where a lead's documents are."""
        ...


def router(units: Units, files: Files) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/files", tags=["files"])
    router.get("/{document_id}", summary="Where a document is filed")(_one(units, files))
    router.get("", summary="Where the documents of a lead are filed")(_of_lead(units, files))
    return router


def _one(units: Units, files: Files) -> Callable[..., Awaitable[DocumentFiled]]:
    async def file(document_id: str, tenant_id: TenantId) -> DocumentFiled:
        async with units.reading(tenant_id) as session:
            found = await files.one(session, tenant_id, document_id)
        if found is None:
            raise Problem(404, "Not filed", f"no document {document_id} of tenant {tenant_id} is filed")
        return found.news()

    return file


def _of_lead(units: Units, files: Files) -> Callable[..., Awaitable[Sequence[DocumentFiled]]]:
    async def of_lead(
        tenant_id: TenantId, lead_id: Annotated[str, Query(description="The lead they belong to.")]
    ) -> Sequence[DocumentFiled]:
        async with units.reading(tenant_id) as session:
            found = await files.of_lead(session, tenant_id, lead_id)
        return [filed.news() for filed in found]

    return of_lead
