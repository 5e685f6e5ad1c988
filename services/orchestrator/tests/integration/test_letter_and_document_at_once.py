"""A letter and the news of its document, handled at the same moment by two transactions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from contracts.documents.v1 import DocumentAnalyzed, FileDocument
from contracts.envelope import Following, new_id
from contracts.messages.v1 import MessageReceived, Sender
from contracts.values import BlobRef, ContactPoint
from orchestrator.adapters.records import Records
from orchestrator.app import create_service
from orchestrator.application.note_document import note_document
from orchestrator.application.take_letter import take_letter
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub

TENANT = "acme"
Write = Callable[[Records], Awaitable[Sequence[Following]]]


@pytest.fixture
async def tenancy() -> AsyncIterator[TenancyStub]:
    async with tenancy_stub() as stub:
        stub.add(profile(TENANT))
        yield stub


@pytest.fixture
async def desk(tenancy: TenancyStub, environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, {**environment, "TENANCY_URL": tenancy.url}) as service:
        yield service


@pytest.mark.parametrize("letter_first", [True, False])
async def test_a_document_that_is_read_while_its_letter_is_taken_is_filed_once(
    desk: RunningService, letter_first: bool
) -> None:
    message_id, document_id = new_id(), new_id()

    async def letter(records: Records) -> Sequence[Following]:
        return await take_letter(
            _letter(message_id, document_id), records=records, tenant=profile(TENANT), now=datetime.now(UTC),
            patience=timedelta(seconds=60), is_own=lambda _: False, may_wait=False,
        )  # fmt: skip

    async def document(records: Records) -> Sequence[Following]:
        return await note_document(
            _analyzed(message_id, document_id), records=records, tenant=profile(TENANT), now=datetime.now(UTC)
        )

    first, second = (letter, document) if letter_first else (document, letter)
    said = await _overlapping(desk, first, second)
    assert [one.document_id for one in said if isinstance(one, FileDocument)] == [document_id]


async def _overlapping(desk: RunningService, first: Write, second: Write) -> list[Following]:
    """`second` begins after `first` has written and before it is committed."""

    async def run_second() -> Sequence[Following]:
        async with desk.service.database.transaction(TENANT) as session:
            return await second(Records(session, TENANT))

    async with desk.service.database.transaction(TENANT) as session:
        said = list(await first(Records(session, TENANT)))
        other = asyncio.create_task(run_second())
        await asyncio.wait({other}, timeout=0.5)  # it may wait for the first, or go on by itself
    return [*said, *await other]


def _letter(message_id: str, document_id: str) -> MessageReceived:
    address = f"{new_id()}@post.test"
    return MessageReceived(
        message_id=message_id, channel="email", external_id=f"<{message_id}@post.test>", kind="enquiry",
        sender=Sender(
            name="Jörg Müller", contact_points=(ContactPoint(kind="email", value=address),), reply_to=address
        ),
        recipient="office@acme.test", subject="Wohnung W-1024", text="Anbei meine Gehaltsabrechnung.",
        sent_at=datetime.now(UTC), received_at=datetime.now(UTC), authenticity="pass", document_ids=(document_id,),
    )  # fmt: skip


def _analyzed(message_id: str, document_id: str) -> DocumentAnalyzed:
    blob = BlobRef(key="a" * 64, size=3, media_type="application/pdf")
    return DocumentAnalyzed(
        document_id=document_id, message_id=message_id, filename="slip.pdf", blob=blob, category="income_proof",
        summary="A payslip.", language="de", confidence=0.9, pages=1, method="text", model="test",
    )  # fmt: skip
