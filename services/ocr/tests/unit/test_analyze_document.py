"""The use case: each content is read once, waits a while for the model, and always ends in news."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from contracts.documents.v1 import DocumentAnalyzed, DocumentReceived, DocumentUnreadable
from contracts.values import BlobRef
from ocr.application.analyze_document import AnalyzeDocument
from ocr.application.ports import AnalystFailed, Content
from ocr.domain.analysis import Analysis, FoundField
from ocr.domain.document import Page, Reading, Unreadable

TEXT = "Rechnung Nr. 7\nGesamtbetrag 12,50 EUR"


class FakeBlobs:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, tenant_id: str, data: bytes, media_type: str) -> BlobRef:
        key = f"{tenant_id}/{hashlib.sha256(data).hexdigest()}"
        self.kept[key] = data
        return BlobRef(key=key, size=len(data), media_type=media_type)

    async def get(self, tenant_id: str, ref: BlobRef) -> bytes:
        return self.kept[ref.key]


class FakeReader:
    def __init__(self, outcome: Reading | Unreadable) -> None:
        self.outcome = outcome
        self.times = 0

    async def read(self, data: bytes) -> Reading | Unreadable:
        self.times += 1
        return self.outcome


class Busy(AnalystFailed):
    passing = True


class FakeAnalyst:
    def __init__(self, *, failure: AnalystFailed | None = None) -> None:
        self.failure = failure
        self.asked: list[Sequence[Page]] = []

    async def analyze(self, tenant_id: str, filename: str, pages: Sequence[Page]) -> Analysis:
        self.asked.append(pages)
        if self.failure is not None:
            raise self.failure
        fields = (
            FoundField("total_amount", "12.50", 1, "Gesamtbetrag 12,50 EUR"),
            FoundField("due_date", "2026-12-24", 1, "bis Weihnachten"),
        )
        return Analysis("invoice", "de", "Eine Rechnung.", 0.9, fields, "model-1")


class FakeContents:
    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Content] = {}

    async def find(self, tenant_id: str, sha256: str) -> Content | None:
        return self.known.get((tenant_id, sha256))

    async def keep(self, tenant_id: str, content: Content) -> None:
        self.known[tenant_id, content.sha256] = content


class House:
    def __init__(
        self, outcome: Reading | Unreadable | None = None, failure: AnalystFailed | None = None
    ) -> None:
        self.blobs = FakeBlobs()
        self.reader = FakeReader(outcome or Reading((Page(1, TEXT), Page(2, "Seite 2")), "ocr", "image/tiff"))
        self.analyst = FakeAnalyst(failure=failure)
        self.contents = FakeContents()
        self.analyze = AnalyzeDocument(
            blobs=self.blobs, reader=self.reader, analyst=self.analyst, contents=self.contents, patience=1
        )

    async def received(self, number: int = 1, tenant_id: str = "acme") -> DocumentReceived:
        return DocumentReceived(
            document_id=f"document-{number}",
            message_id="message-1",
            filename="scan.tif",
            blob=await self.blobs.put(tenant_id, b"bytes", "image/tiff"),
            received_at=datetime(2026, 11, 20, tzinfo=UTC),
        )


async def test_a_document_is_analysed_and_the_text_kept() -> None:
    house = House()
    news = (await house.analyze(await house.received(), "acme", 1)).news()
    assert isinstance(news, DocumentAnalyzed)
    assert (news.category, news.pages, news.method, news.model, news.offline) == (
        "invoice", 2, "ocr", "model-1", False,
    )  # fmt: skip
    assert news.text is not None
    assert house.blobs.kept[news.text.key].decode() == f"{TEXT}\fSeite 2"


async def test_what_the_text_does_not_bear_out_is_not_told() -> None:
    house = House()
    news = (await house.analyze(await house.received(), "acme", 1)).news()
    assert isinstance(news, DocumentAnalyzed)
    assert [field.name for field in news.fields] == ["total_amount"]
    assert "due_date" in news.summary


async def test_a_document_that_cannot_be_read_is_told_with_its_reason() -> None:
    house = House(Unreadable("encrypted", "Das PDF ist geschützt."))
    news = (await house.analyze(await house.received(), "acme", 1)).news()
    assert isinstance(news, DocumentUnreadable)
    assert (news.reason, news.detail) == ("encrypted", "Das PDF ist geschützt.")
    assert house.analyst.asked == []


async def test_the_same_bytes_are_read_and_analysed_once_for_a_tenant() -> None:
    house = House()
    first = await house.analyze(await house.received(1), "acme", 1)
    await house.contents.keep("acme", first.content)
    second = await house.analyze(await house.received(2), "acme", 1)
    assert (house.reader.times, len(house.analyst.asked)) == (1, 1)
    assert second.news().document_id == "document-2"


async def test_another_tenants_reading_is_not_used() -> None:
    house = House()
    first = await house.analyze(await house.received(1), "acme", 1)
    await house.contents.keep("acme", first.content)
    await house.analyze(await house.received(2, "beta"), "beta", 1)
    assert house.reader.times == 2


async def test_a_model_that_is_out_is_waited_for_once_without_reading_again_then_the_rules_answer() -> None:
    house = House(failure=Busy("the model is out"))
    document = await house.received()
    with pytest.raises(Busy):
        await house.analyze(document, "acme", 1)
    news = (await house.analyze(document, "acme", 2)).news()
    assert isinstance(news, DocumentAnalyzed)
    assert news.offline
    assert (house.reader.times, len(house.analyst.asked)) == (1, 2)
    assert [page.text for page in house.analyst.asked[1]] == [TEXT, "Seite 2"]


async def test_a_spent_budget_is_not_waited_for() -> None:
    house = House(failure=AnalystFailed("the budget is spent"))
    news = (await house.analyze(await house.received(), "acme", 1)).news()
    assert isinstance(news, DocumentAnalyzed)
    assert news.offline
    assert news.category == "invoice"


async def test_what_the_rules_said_is_asked_of_the_model_the_next_time() -> None:
    house = House(failure=AnalystFailed("the budget is spent"))
    first = await house.analyze(await house.received(1), "acme", 1)
    await house.contents.keep("acme", first.content)
    house.analyst.failure = None
    news = (await house.analyze(await house.received(2), "acme", 1)).news()
    assert isinstance(news, DocumentAnalyzed)
    assert not news.offline
    assert house.reader.times == 1


async def test_a_document_that_was_too_slow_is_tried_again_when_it_comes_again() -> None:
    house = House(Unreadable("too_slow", "…"))
    first = await house.analyze(await house.received(1), "acme", 1)
    await house.contents.keep("acme", first.content)
    await house.analyze(await house.received(2), "acme", 1)
    assert house.reader.times == 2
