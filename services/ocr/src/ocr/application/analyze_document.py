"""Reads a document once, has a model analyse it, and believes of the answer what the text bears out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts.documents.v1 import DocumentAnalyzed, DocumentReceived, DocumentUnreadable
from contracts.values import Cost, Evidence, Tokens
from ocr.application.ports import Analyst, AnalystFailed, Blobs, Content, Contents, Reader, ReadText
from ocr.domain.analysis import Analysis
from ocr.domain.document import Page, Reading, Unreadable, pages_of
from ocr.domain.evidence import verified
from ocr.domain.rules import by_rules

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a document."""

    document: DocumentReceived
    content: Content

    def news(self) -> DocumentAnalyzed | DocumentUnreadable:
        """The event that tells it."""
        match self.content.reading:
            case Unreadable() as unreadable:
                return _unreadable(self.document, unreadable)
            case ReadText() as reading:
                if self.content.analysis is None:
                    raise ValueError("a document that was read has an analysis by now")
                return _analyzed(self.document, reading, self.content.analysis)


class AnalyzeDocument:
    """The use case; `patience` is how many attempts wait for a model that does not answer before the rules do."""

    def __init__(
        self, *, blobs: Blobs, reader: Reader, analyst: Analyst, contents: Contents, patience: int
    ) -> None:
        self._blobs = blobs
        self._reader = reader
        self._analyst = analyst
        self._contents = contents
        self._patience = patience

    async def __call__(self, document: DocumentReceived, tenant_id: str, attempt: int) -> Finding:
        """Analyse a document. Raises `AnalystFailed` while it is worth waiting for the model."""
        sha256 = document.blob.key.rpartition("/")[2]
        content = await self._contents.find(tenant_id, sha256)
        pages: tuple[Page, ...] | None = None
        if content is None or _is_worth_another_try(content):
            content, pages = await self._read(document, tenant_id, sha256)
        if not isinstance(content.reading, ReadText) or _is_final(content.analysis):
            return Finding(document, content)
        if pages is None:
            pages = pages_of((await self._blobs.get(tenant_id, content.reading.text)).decode())
        analysis = await self._analyzed(document, tenant_id, attempt, content, pages)
        return Finding(document, replace(content, analysis=verified(analysis, pages)))

    async def _read(
        self, document: DocumentReceived, tenant_id: str, sha256: str
    ) -> tuple[Content, tuple[Page, ...] | None]:
        found = await self._reader.read(await self._blobs.get(tenant_id, document.blob))
        match found:
            case Unreadable():
                return Content(sha256, found), None
            case Reading():
                text = await self._blobs.put(tenant_id, found.text.encode(), _TEXT)
                reading = ReadText(text, len(found.pages), found.method, found.media_type)
                return Content(sha256, reading), found.pages

    async def _analyzed(
        self,
        document: DocumentReceived,
        tenant_id: str,
        attempt: int,
        content: Content,
        pages: tuple[Page, ...],
    ) -> Analysis:
        try:
            return await self._analyst.analyze(tenant_id, document.filename, pages)
        except AnalystFailed as failure:
            if failure.passing and attempt <= self._patience:
                # Reading is dear: the next attempt begins where this one ends.
                await self._contents.keep(tenant_id, content)
                raise
        return by_rules(pages)


def _is_final(analysis: Analysis | None) -> bool:
    """Whether an analysis may be used again; what the rules said is asked of a model the next time."""
    return analysis is not None and not analysis.offline


def _is_worth_another_try(content: Content) -> bool:
    """A reading that took too long may have met a busy hour."""
    return isinstance(content.reading, Unreadable) and content.reading.reason == "too_slow"


def _unreadable(document: DocumentReceived, unreadable: Unreadable) -> DocumentUnreadable:
    return DocumentUnreadable(
        document_id=document.document_id,
        message_id=document.message_id,
        filename=document.filename,
        blob=document.blob,
        reason=unreadable.reason,
        detail=unreadable.detail,
    )


def _analyzed(document: DocumentReceived, reading: ReadText, analysis: Analysis) -> DocumentAnalyzed:
    cost = analysis.cost
    return DocumentAnalyzed(
        document_id=document.document_id,
        message_id=document.message_id,
        filename=document.filename,
        blob=document.blob,
        category=analysis.category,
        summary=analysis.summary,
        language=analysis.language,
        confidence=analysis.confidence,
        fields=tuple(
            Evidence(name=field.name, value=field.value, page=field.page, snippet=field.snippet)
            for field in analysis.fields
        ),
        pages=reading.pages,
        method=reading.method,
        text=reading.text,
        model=analysis.model,
        offline=analysis.offline,
        cost=None if cost is None else Cost(amount=f"{cost.amount:f}", currency=cost.currency),
        tokens=None
        if analysis.tokens is None
        else Tokens(input=analysis.tokens[0], output=analysis.tokens[1]),
    )
