"""Nothing lost, nothing twice: the chassis's promises on the real broker and the real database."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest

from chassis.service import Service
from contracts.documents.v1 import DocumentReceived, DocumentUnreadable
from contracts.envelope import new_id
from contracts.values import BlobRef
from testkit.probe import Probe, create_probe
from testkit.probe.service import notes_of
from testkit.service import RunningService, running


def document(document_id: str | None = None, filename: str = "scan.pdf") -> DocumentReceived:
    document_id = document_id or new_id()
    blob = BlobRef(key="acme/0", size=1, media_type="application/pdf")
    return DocumentReceived(
        document_id=document_id,
        message_id=new_id(),
        filename=filename,
        blob=blob,
        received_at=datetime.now(UTC),
    )


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def fleet(probe: Probe, environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(lambda: create_probe(probe), environment) as service:
        yield service


async def handled(service: Service, document_id: str) -> bool:
    return any(note.document_id == document_id for note in await notes_of(service, "acme"))


async def test_a_message_is_handled_and_what_follows_carries_its_story(fleet: RunningService) -> None:
    said = await fleet.wire.say(document("d1"), tenant_id="acme", correlation_id="story-1")
    await fleet.wire.heard(DocumentUnreadable, lambda event: event.document_id == "d1")
    answer = fleet.wire.heard_all[-1].envelope
    assert await handled(fleet.service, "d1")
    assert (answer.correlation_id, answer.causation_id, answer.tenant_id) == ("story-1", said.id, "acme")
