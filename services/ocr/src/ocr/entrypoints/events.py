"""What ocr hears."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from chassis import Outcome, Router, Session, UnitOfWork
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Message
from ocr.application.analyze_document import AnalyzeDocument, Finding

Keep = Callable[[Session, str, Finding], Awaitable[Sequence[Message]]]
AT_A_TIME = 2
"""A page takes a processor for a second or more: whoever has more to read runs more processes."""


def router(analyze: AnalyzeDocument, keep: Keep, *, at_a_time: int = AT_A_TIME) -> Router:
    """The handlers."""
    router = Router()

    @router.on(DocumentReceived, grouped=True, prefetch=at_a_time)
    async def on_document_received(event: DocumentReceived, unit: UnitOfWork) -> Outcome:
        finding = await analyze(event, unit.tenant_id, unit.attempt)
        return await unit.write(keep, unit.tenant_id, finding)

    return router
