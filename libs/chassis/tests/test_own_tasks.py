"""The process's own tasks: a fault in one of them ends neither publishing nor timers."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from chassis.outbox import Outbox, OutboxRow
from contracts.documents.v1 import DocumentReceived, DocumentUnreadable
from contracts.envelope import Later, new_id
from contracts.values import BlobRef
from testkit.probe import NoteDue, Probe, create_probe
from testkit.service import running


@pytest.mark.parametrize("fault", [ValueError("a fault of our own"), asyncio.CancelledError()])
async def test_the_relay_and_the_timers_go_on_after_a_fault(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    probe = Probe()
    faults = 0
    remove = Outbox.remove

    async def fail_twice(outbox: Outbox, rows: Sequence[OutboxRow]) -> None:
        nonlocal faults
        faults += 1
        if faults <= 2:
            raise fault
        await remove(outbox, rows)

    async with running(lambda: create_probe(probe), environment) as fleet:
        monkeypatch.setattr(Outbox, "remove", fail_twice)
        for _ in range(3):
            event = _document()
            await fleet.wire.say(event, tenant_id="acme")
            await fleet.wire.heard(
                DocumentUnreadable, lambda answer, i=event.document_id: answer.document_id == i
            )
        timer = new_id()
        async with fleet.service.units.begin("acme") as transaction:
            transaction.say(Later(NoteDue(document_id=timer), datetime.now(UTC), f"key-{timer}"))
        async with asyncio.timeout(30):
            while timer not in probe.rung:
                await asyncio.sleep(0.05)
        assert faults > 2


def _document() -> DocumentReceived:
    blob = BlobRef(key="acme/0", size=1, media_type="application/pdf")
    return DocumentReceived(
        document_id=new_id(),
        message_id=new_id(),
        filename="scan.pdf",
        blob=blob,
        received_at=datetime.now(UTC),
    )
