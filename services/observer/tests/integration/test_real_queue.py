"""From a real service's /metrics to a forecast: the same path as the Observer's, on a real broker and database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from chassis import Router, UnitOfWork
from chassis.migration import migrate
from chassis.service import Service
from chassis.unit import Outcome
from contracts.documents.v1 import DocumentReceived
from contracts.routing import queue_name, routing_key
from contracts.values import BlobRef
from frontdesk.fleet.roster import environ
from observer.adapters.exposition import samples_of
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.app import create_service
from observer.application.gather_evidence import HANDLED, READY, GatherEvidence
from observer.domain.demand import fit
from observer.domain.forecast import forecast
from observer.domain.series import Sample, Series, Span
from testkit.probe import Probe, create_probe
from testkit.service import RunningService, running

MESSAGES, SERVERS = 220, 3
STEP = timedelta(seconds=0.1)


@pytest.fixture
def slept() -> list[float]:
    """What the handler took for each message, in seconds."""
    return []


@pytest.fixture
async def busy(environment: dict[str, str], slept: list[float]) -> AsyncIterator[RunningService]:
    """A service that works on three messages at a time, some milliseconds each."""

    def create() -> Service:
        router, random = Router(), Random(1)

        @router.on(DocumentReceived, prefetch=SERVERS)
        async def on_document_received(_: DocumentReceived, __: UnitOfWork) -> Outcome | None:
            slept.append(random.uniform(0.01, 0.04))
            await asyncio.sleep(slept[-1])
            return None

        service = create_probe(Probe())
        service.router.hearings[:] = [
            one for one in service.router.hearings if one.message is not DocumentReceived
        ]
        service.hears(router)
        return service

    async with running(create, environment) as service:
        yield service


@pytest.fixture
async def store(environment: dict[str, str]) -> AsyncIterator[DatabaseSeries]:
    with environ(environment):
        observer = create_service()
    await migrate(observer)
    yield DatabaseSeries(observer.database, Kept(timedelta(hours=6), timedelta(days=14), timedelta(days=400)))
    await observer.database.close()


async def test_what_a_running_service_shows_of_itself_is_what_the_model_is_fitted_to(
    busy: RunningService, store: DatabaseSeries, slept: list[float]
) -> None:
    # A counter shows itself with its first message: what it counts from then on is known.
    await drive(busy, store, range(5))
    slept.clear()
    since = datetime.now(UTC)
    await drive(busy, store, range(5, 5 + MESSAGES))

    found = await GatherEvidence(store).queues("probe", Span(since, datetime.now(UTC), STEP))
    # Other tests of the session may have had a probe handle messages of other kinds.
    [evidence] = [one for one in found if one.message == routing_key(DocumentReceived)]
    demand = fit(evidence.observed, servers=evidence.servers)
    expected = forecast(demand, servers=evidence.servers)

    assert evidence.servers == SERVERS
    assert evidence.observed.arrived == pytest.approx(MESSAGES, abs=2)
    assert evidence.observed.service.count == MESSAGES
    # It sleeps at least so long; the commit and the machine come on top.
    assert demand.service.mean >= sum(slept) / MESSAGES
    assert evidence.observed.service.total >= sum(slept)
    assert evidence.p95 is not None
    assert expected.low < expected.p95 < expected.high


async def drive(busy: RunningService, store: DatabaseSeries, numbers: range) -> None:
    """Say messages, looking now and then, until all are done."""
    for number in numbers:
        await busy.wire.say(document(number), tenant_id="tenant-1")
        await asyncio.sleep(0.01)
        if number % 10 == 9:
            await look(busy, store, sent=number + 1)
    async with asyncio.timeout(20):
        while busy.service.metrics.count("document.received.v1", "done") < numbers.stop:
            await asyncio.sleep(0.05)
    await look(busy, store, sent=numbers.stop)


async def look(busy: RunningService, store: DatabaseSeries, *, sent: int) -> None:
    """Read the service's metrics over HTTP and keep them, with what lies in its queue."""
    text, at = (await busy.http.get("/metrics")).text, datetime.now(UTC)
    found = list(samples_of(text, at, instance="probe:1", process="p"))
    # What lies in the queue fits to what that very answer says is done, however much is done in the meantime.
    done = sum(
        sample.value
        for series, sample in found
        if series.name == HANDLED and series.label("message") == "document.received.v1"
    )
    labels = {"service": "probe", "queue": queue_name("probe", DocumentReceived)}
    await store.keep([*found, (Series.of(READY, labels), Sample(at, max(0.0, sent - done)))])


def document(number: int) -> DocumentReceived:
    return DocumentReceived(
        document_id=f"d{number}", message_id=f"m{number}", filename="Größe.pdf", received_at=datetime.now(UTC),
        blob=BlobRef(key=f"tenant-1/{number:064x}", size=10, media_type="application/pdf"),
    )  # fmt: skip
