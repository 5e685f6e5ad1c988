"""The whole service on the real broker and database, with the real Tesseract and the simulated model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import cast

import pytest

from contracts.documents.v1 import DocumentAnalyzed, DocumentReceived, DocumentUnreadable
from contracts.envelope import new_id
from frontdesk.story.payslip import printed_payslip, scanned_payslip
from frontdesk.story.person import draw_story
from ocr.app import create_service
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running

STORY = draw_story(21, date(2026, 11, 20))


@dataclass
class Office:
    """A tenant, and the running service."""

    tenant_id: str
    service: RunningService
    sandbox: Sandbox

    async def receive(self, data: bytes, filename: str = "scan.pdf", message_id: str = "message-1") -> str:
        document = DocumentReceived(
            document_id=new_id(),
            message_id=message_id,
            filename=filename,
            blob=await self.service.service.blobs.put(self.tenant_id, data, "application/octet-stream"),
            received_at=datetime.now(UTC),
        )
        await self.service.wire.say(document, tenant_id=self.tenant_id)
        return document.document_id

    async def analyzed(self, document_id: str) -> DocumentAnalyzed:
        return await self.service.wire.heard(
            DocumentAnalyzed, lambda event: event.document_id == document_id, within=60
        )

    async def unreadable(self, document_id: str) -> DocumentUnreadable:
        return await self.service.wire.heard(
            DocumentUnreadable, lambda event: event.document_id == document_id, within=60
        )

    async def get(self, path: str, tenant_id: str | None = None) -> tuple[int, object]:
        answer = await self.service.http.get(path, headers={"X-Tenant-Id": tenant_id or self.tenant_id})
        return answer.status_code, cast("object", answer.json())

    async def questions(self) -> int:
        """How often the model was asked."""
        return len([seen for seen in await self.sandbox.seen("openai") if seen.method == "POST"])


@pytest.fixture
async def office(environment: Mapping[str, str], sandbox: Sandbox) -> AsyncIterator[Office]:
    await sandbox.clear_faults()
    own = {
        "OCR_MODEL__PROVIDER": "openai",
        "OCR_MODEL__API_KEY": "key",
        "OCR_MODEL__BASE_URL": sandbox.address("openai"),
        "OCR_MODEL__RETRIES": "0",
    }
    async with running(create_service, {**environment, **own}) as service:
        yield Office(f"acme-{new_id()[-12:]}", service, sandbox)
    await sandbox.clear_faults()


async def test_a_scanned_payslip_is_read_analysed_and_told_with_its_evidence(office: Office) -> None:
    document_id = await office.receive(scanned_payslip(STORY))
    event = await office.analyzed(document_id)
    assert (event.category, event.language, event.method, event.offline) == (
        "income_proof",
        "de",
        "ocr",
        False,
    )
    found = {field.name: field for field in event.fields}
    assert found["net_income"].value == f"{STORY.income.net:.2f}"
    assert found["gross_income"].value == f"{STORY.income.gross:.2f}"
    assert found["employee_name"].value == STORY.name
    assert found["period"].value == f"{STORY.income.period:%Y-%m}"
    assert event.text is not None
    text = (await office.service.service.blobs.get(office.tenant_id, event.text)).decode()
    assert found["net_income"].snippet in text
    # What the reading used is told once, to whoever bills it, and not kept with the document.
    kept = event.model_copy(update={"tokens": None})
    assert event.tokens is not None
    assert await office.get(f"/api/v1/documents/{document_id}") == (200, kept.model_dump(mode="json"))


async def test_the_same_attachment_sent_twice_is_read_and_analysed_once(office: Office) -> None:
    slip = printed_payslip(STORY)
    first = await office.analyzed(await office.receive(slip))
    asked = await office.questions()
    second = await office.analyzed(await office.receive(slip, "again.pdf"))
    assert await office.questions() == asked
    assert second.filename == "again.pdf"
    assert second.fields == first.fields


async def test_an_attachment_that_cannot_be_read_is_reported_with_its_reason(office: Office) -> None:
    event = await office.unreadable(await office.receive(b"", "leer.pdf"))
    assert (event.reason, event.filename) == ("empty", "leer.pdf")
    damaged = await office.unreadable(await office.receive(b"%PDF-1.7 and then nothing"))
    assert damaged.reason == "damaged"
    assert damaged.detail
    status, body = await office.get(f"/api/v1/documents/{damaged.document_id}")
    assert (status, body) == (200, damaged.model_dump(mode="json"))


async def test_the_documents_of_a_message_are_listed_in_their_order(office: Office) -> None:
    ids = [
        await office.receive(data, message_id="message-7")
        for data in (b"", b"Sehr geehrte Damen und Herren, ich habe eine Anfrage zu einer Besichtigung.")
    ]
    await office.unreadable(ids[0])
    await office.analyzed(ids[1])
    status, body = await office.get("/api/v1/documents?message_id=message-7")
    assert status == 200
    assert [entry["document_id"] for entry in cast("list[dict[str, object]]", body)] == ids
    assert await office.get("/api/v1/documents?message_id=message-7", "somebody-else") == (200, [])
    assert (await office.get(f"/api/v1/documents/{ids[0]}", "somebody-else"))[0] == 404


async def test_a_model_that_stays_out_is_replaced_by_the_rules_and_that_is_said(office: Office) -> None:
    await office.sandbox.fault("openai", "500", times=50)
    event = await office.analyzed(await office.receive(printed_payslip(STORY)))
    assert event.offline
    assert event.model == "rules"
    assert event.category == "income_proof"
    assert {field.name: field.value for field in event.fields}["net_income"] == f"{STORY.income.net:.2f}"
    await office.sandbox.clear_faults()
    again = await office.analyzed(await office.receive(printed_payslip(STORY)))
    assert not again.offline
