"""What ocr answers over HTTP: what became of documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query

from chassis import Session, Units
from chassis.http import Problem, tenant_of
from contracts.documents.v1 import DocumentAnalyzed, DocumentUnreadable
from ocr.application.analyze_document import Finding

TenantId = Annotated[str, Depends(tenant_of)]
Answer = DocumentAnalyzed | DocumentUnreadable


class Documents(Protocol):
    """The questions that are asked here."""

    async def document(self, session: Session, tenant_id: str, document_id: str) -> Finding | None:
        """What became of a document."""
        ...

    async def of_message(self, session: Session, tenant_id: str, message_id: str) -> list[Finding]:
        """What became of a message's documents."""
        ...


def router(units: Units, documents: Documents) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/documents", tags=["documents"])
    router.get("/{document_id}", summary="What was read from a document")(_one(units, documents))
    router.get("", summary="What was read from the documents of a message")(_of_message(units, documents))
    return router


def _one(units: Units, documents: Documents) -> Callable[..., Awaitable[Answer]]:
    async def document(document_id: str, tenant_id: TenantId) -> Answer:
        async with units.reading(tenant_id) as session:
            found = await documents.document(session, tenant_id, document_id)
        if found is None:
            raise Problem(
                404, "No such document", f"ocr knows no document {document_id} of tenant {tenant_id}"
            )
        return found.news()

    return document


def _of_message(units: Units, documents: Documents) -> Callable[..., Awaitable[Sequence[Answer]]]:
    async def of_message(
        tenant_id: TenantId, message_id: Annotated[str, Query(description="The message they came with.")]
    ) -> Sequence[Answer]:
        async with units.reading(tenant_id) as session:
            found = await documents.of_message(session, tenant_id, message_id)
        return [finding.news() for finding in found]

    return of_message
