"""What a service tells about itself: a scrape is right without anybody having asked for the health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from time import process_time

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from chassis import health
from chassis.errors import NeverRetry, RetryLater
from chassis.health import ProcessorShare
from chassis.metrics import PROCESS
from chassis.outbox import OutboxRow
from chassis.unit import UnitOfWork
from contracts.documents.v1 import DocumentReceived, DocumentUnreadable
from contracts.envelope import new_id
from contracts.values import BlobRef
from frontdesk.fleet.roster import environ
from testkit.probe import Probe, create_probe
from testkit.service import RunningService, free_port, running

KEY = "document.received.v1"
PROBE = Probe()


@pytest_asyncio.fixture(scope="module")
async def fleet(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(lambda: create_probe(PROBE), environment) as service:
        yield service


async def test_a_handled_message_is_counted_with_its_wait_and_its_second_moment(
    fleet: RunningService,
) -> None:
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda said: said.document_id == event.document_id)
    await until(lambda: settled(fleet, "done"))

    found = await scraped(fleet.http)

    of_probe = {"service": "probe", "message": KEY}
    assert found["frontdesk_message_seconds_count", items(of_probe)] == 1
    seconds = found["frontdesk_message_seconds_sum", items(of_probe)]
    assert found["frontdesk_message_seconds_squared_total", items(of_probe)] == pytest.approx(seconds**2)
    assert found["frontdesk_message_wait_seconds_count", items(of_probe)] == 1
    assert found["frontdesk_messages_in_flight", items(of_probe)] == 0
    assert found["frontdesk_message_servers", items(of_probe)] == 64


async def test_while_a_message_is_handled_it_is_in_flight(fleet: RunningService) -> None:
    go_on = asyncio.Event()

    async def hold(_: DocumentReceived, __: UnitOfWork) -> None:
        await go_on.wait()

    PROBE.work = hold
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    of_probe = items({"service": "probe", "message": KEY})

    async def in_flight() -> bool:
        return (await scraped(fleet.http))["frontdesk_messages_in_flight", of_probe] == 1

    await until(in_flight)
    PROBE.work = None
    go_on.set()
    await fleet.wire.heard(DocumentUnreadable, lambda said: said.document_id == event.document_id)


async def test_a_message_tried_again_waited_since_it_was_to_be_tried_not_since_it_was_said(
    fleet: RunningService,
) -> None:
    async def fail_once(_: DocumentReceived, unit: UnitOfWork) -> None:
        if unit.attempt == 1:
            raise RetryLater("not yet", after=0.1)

    PROBE.work = fail_once
    of_probe = items({"service": "probe", "message": KEY})
    before = (await scraped(fleet.http))["frontdesk_message_wait_seconds_sum", of_probe]
    event = document()
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await fleet.wire.say(event, tenant_id="acme", headers={"ce-time": an_hour_ago.isoformat()})
    await fleet.wire.heard(DocumentUnreadable, lambda said: said.document_id == event.document_id)

    waited = (await scraped(fleet.http))["frontdesk_message_wait_seconds_sum", of_probe] - before

    assert 3600 <= waited < 2 * 3600


async def test_a_scrape_alone_knows_the_outbox_the_dead_letters_and_the_database(
    fleet: RunningService,
) -> None:
    async def fail(_: DocumentReceived, __: UnitOfWork) -> None:
        raise NeverRetry("the probe refuses it")

    service, refused = items({"service": "probe"}), items({"service": "probe", "error": "NeverRetry"})
    # Other tests of the session have used the same schema.
    before = await scraped(fleet.http)
    PROBE.work = fail
    await fleet.wire.say(document(), tenant_id="acme")
    await until(lambda: settled(fleet, "dead"))
    await leave_behind(fleet, seconds=300)

    found = await scraped(fleet.http)

    dead = "frontdesk_dead_letters", refused
    assert found[dead] == before.get(dead, 0) + 1
    pending = "frontdesk_outbox_pending", service
    assert found[pending] == before[pending] + 1
    assert found["frontdesk_outbox_oldest_seconds", service] >= 300
    assert found["frontdesk_database_up", service] == 1
    assert found["frontdesk_database_seconds", service] > 0
    assert found["frontdesk_database_pool_size", service] == fleet.service.settings.database_pool
    assert found["frontdesk_process_info", items(
        {"service": "probe", "version": fleet.service.version, "process": PROCESS})] == 1  # fmt: skip
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= {
        name for name, _ in found
    }


async def test_health_tells_the_process_its_clock_and_its_dead_letters(fleet: RunningService) -> None:
    told = (await fleet.http.get("/health")).json()
    counted = [
        value for (name, _), value in (await scraped(fleet.http)).items() if name == "frontdesk_dead_letters"
    ]

    assert told["process"] == PROCESS
    assert abs(datetime.fromisoformat(told["time"]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert told["checks"]["dead_letters"] == {"waiting": sum(counted)}
    assert sum(counted) >= 1


async def test_without_its_database_a_service_can_be_scraped_and_says_so(
    environment: Mapping[str, str],
) -> None:
    nobody = f"postgresql://frontdesk:x@127.0.0.1:{free_port()}/frontdesk"
    with environ({**environment, "DATABASE_URL": nobody}):
        service = create_probe(Probe())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service.app()), base_url="http://probe"
    ) as http:
        found = await scraped(http)
        told = await http.get("/health")

    assert found["frontdesk_database_up", items({"service": "probe"})] == 0
    absent = {"frontdesk_outbox_pending", "frontdesk_outbox_oldest_seconds", "frontdesk_dead_letters",
              "frontdesk_database_seconds"}  # fmt: skip
    assert not absent & {name for name, _ in found}
    assert told.status_code == 503
    assert told.json()["checks"]["outbox"] == {"pending": None, "oldest_s": None}


def test_the_share_of_the_processor_is_that_since_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SHORTEST_SECONDS", 0.0)
    share = ProcessorShare()
    began = process_time()
    while process_time() - began < 0.05:
        sum(range(1000))

    assert share.percent() > 0


def document() -> DocumentReceived:
    blob = BlobRef(key="acme/0", size=1, media_type="application/pdf")
    return DocumentReceived(
        document_id=new_id(),
        message_id=new_id(),
        filename="scan.pdf",
        blob=blob,
        received_at=datetime.now(UTC),
    )


def items(labels: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


async def scraped(http: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, items(sample.labels)): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def settled(fleet: RunningService, outcome: str) -> bool:
    return fleet.service.metrics.count(KEY, outcome) > 0


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.05)


async def leave_behind(fleet: RunningService, *, seconds: float) -> None:
    """A row that was due so long ago, and that somebody holds so that the sweeper lets it lie."""
    outbox, now = fleet.service.outbox, datetime.now(UTC)
    row = OutboxRow(new_id(), KEY, {}, b"{}", "acme", publish_at=now - timedelta(seconds=seconds))
    async with fleet.service.database.connection() as connection:
        await outbox.add(connection, [row])
        held = outbox.table.update().where(outbox.table.c.id == row.id)
        await connection.execute(held.values(leased_until=now + timedelta(hours=1)))
