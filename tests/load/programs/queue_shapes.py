"""A real service whose handler takes a drawn time, driven by shapes of load: its p95 by its own /metrics, and as it was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import aio_pika
import uvloop
from documents import document
from pydantic import BaseModel
from talk import answer, asked

from chassis import Router, Session, UnitOfWork
from chassis.migration import migrate
from chassis.service import Service
from chassis.telemetry import configure_logs
from chassis.unit import Outcome
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Following
from contracts.routing import queue_name, routing_key
from observer.adapters.exposition import samples_of
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.app import create_service
from observer.application.gather_evidence import READY, UNACKNOWLEDGED, GatherEvidence, QueueEvidence
from observer.domain import simulation as play
from observer.domain.demand import fit
from observer.domain.forecast import forecast
from observer.domain.series import Sample, Series, Span
from testkit.probe.service import Probe, create_probe
from testkit.wire import tapped

MEAN, SCV, SERVERS, RHO = 0.15, 0.5, 4, 0.6
STEP = timedelta(seconds=0.5)
"""Time is compressed: the Observer looks every 15 seconds at work that takes seconds, here every half at 150 ms."""


class Asked(BaseModel):
    """What is wanted."""

    shape: str
    seconds: float
    seed: int


async def main() -> None:
    """Drive one shape, and say what was predicted and what was."""
    wanted = asked(Asked)
    configure_logs("WARNING")
    took: list[float] = []
    service, observer = _service(Random(wanted.seed), took), create_service()
    await migrate(observer)
    store = DatabaseSeries(observer.database, Kept(timedelta(hours=6), timedelta(days=1), timedelta(days=2)))
    await service.start()
    try:
        evidence = await _driven(wanted, service, store)
    finally:
        await service.stop()
        await observer.database.close()
    expected = forecast(fit(evidence.observed, servers=evidence.servers), servers=evidence.servers)
    measured = sorted(took)[int(0.95 * len(took))]
    answer(
        predicted=expected.p95, low=expected.low, high=expected.high, measured=measured, told=evidence.p95, count=len(took),
        utilisation=expected.utilisation, servers=evidence.servers,
    )  # fmt: skip


async def _driven(wanted: Asked, service: Service, store: DatabaseSeries) -> QueueEvidence:
    """Publish as the shape wants it while the service is looked at; the evidence of that time."""
    watching = asyncio.create_task(_watch(service, store))
    await asyncio.sleep(2 * STEP.total_seconds())
    since = datetime.now(UTC)
    backlog = 40 * SERVERS if wanted.shape == "step" else 0
    began, sent = time.monotonic(), 0
    async with tapped(service.settings.amqp_url.get_secret_value()) as wire:
        for due in _arrivals(wanted, backlog):
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            sent += 1
            await wire.say(document(sent), tenant_id="tenant-1")
        until = datetime.now(UTC)
        while service.metrics.count(routing_key(DocumentReceived), "done") < sent:
            await asyncio.sleep(0.05)
    await asyncio.sleep(2 * STEP.total_seconds())
    watching.cancel()
    found = await GatherEvidence(store).queues(service.name, Span(since, until, STEP))
    return found[0]


async def _watch(service: Service, store: DatabaseSeries) -> None:
    """What the Observer's watch does, at this one service."""
    connection = await aio_pika.connect(service.settings.amqp_url.get_secret_value())
    queue = queue_name(service.name, DocumentReceived)
    async with connection, connection.channel() as channel:
        while True:
            at = datetime.now(UTC)
            ready = (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0
            found = samples_of(service.metrics.exposition().decode(), at, instance="bench", process="bench")
            held = sum(
                sample.value for series, sample in found if series.name == "frontdesk_messages_in_flight"
            )
            labels = {"service": service.name, "queue": queue}
            found += [
                (Series.of(READY, labels), Sample(at, float(ready))),
                (Series.of(UNACKNOWLEDGED, labels), Sample(at, held)),
            ]
            await store.keep(found)
            await asyncio.sleep(STEP.total_seconds() - (datetime.now(UTC) - at).total_seconds())


def _arrivals(wanted: Asked, backlog: int) -> Iterator[float]:
    random, rate, length = Random(wanted.seed + 1), RHO * SERVERS / MEAN, wanted.seconds
    count = int(rate * length)
    shapes: dict[str, Iterator[float]] = {
        "steady": play.steady(random, rate=rate, count=count),
        "bursty": play.bursty(random, rate=rate, count=count),
        "regular": play.regular(random, rate=rate, count=count),
        "ramp": play.ramp(random, low=0.3 * rate, high=1.15 * rate, length=length),
        "step": play.step(random, before=rate / 2, after=rate, at=0.01, length=length, backlog=backlog),
    }
    return shapes[wanted.shape]


def _service(random: Random, took: list[float]) -> Service:
    """The probe with a handler of that many at a time, which sleeps for what it drew."""
    work = play.lognormal(random, MEAN, SCV)
    router = Router()

    @router.on(DocumentReceived, prefetch=SERVERS)
    async def on_document_received(event: DocumentReceived, unit: UnitOfWork) -> Outcome:
        await asyncio.sleep(next(work))
        return await unit.write(_settle, unit.envelope.time)

    async def _settle(_: Session, came: datetime) -> list[Following]:
        took.append((datetime.now(UTC) - came).total_seconds())
        return []

    service = create_probe(Probe())
    service.router.hearings[:] = [
        one for one in service.router.hearings if one.message is not DocumentReceived
    ]
    service.hears(router)
    return service


if __name__ == "__main__":
    uvloop.run(main())
