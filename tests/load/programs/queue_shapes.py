"""A real service whose handlers take drawn times, driven by shapes of load: its p95 by its own /metrics, and as it was.

Handlers sleep instead of computing, so that it is the queueing that is tested and not how busy this machine is. Each shape has
a queue, a kind of message and random numbers of its own; all of them go through one process at the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import aio_pika
import uvloop
from pydantic import BaseModel, JsonValue
from talk import answer, asked

from chassis import Router, Session, UnitOfWork
from chassis.migration import migrate
from chassis.service import Service
from chassis.telemetry import configure_logs
from chassis.unit import Outcome
from contracts.crm.v1 import TaskCreated
from contracts.documents.v1 import DocumentFiled, DocumentReceived
from contracts.envelope import Event, Following, Message
from contracts.leads.v1 import LeadStatusChanged
from contracts.routing import queue_name, routing_key
from contracts.tenants.v1 import LicenceChanged
from observer.adapters.exposition import samples_of
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.app import create_service
from observer.application.gather_evidence import READY, UNACKNOWLEDGED, GatherEvidence, QueueEvidence
from observer.domain import simulation as play
from observer.domain.demand import fit
from observer.domain.forecast import forecast
from observer.domain.series import Sample, Series, Span
from testkit.probe.service import Probe, create_probe
from testkit.wire import Wire, tapped

MEAN, SCV, SERVERS, RHO = 0.5, 0.5, 4, 0.65
STEP = timedelta(seconds=1)
"""Time is compressed: the Observer looks every 15 seconds at work that takes seconds, here every second at half of one."""
KINDS: tuple[type[Event], ...] = (
    DocumentReceived,
    TaskCreated,
    LeadStatusChanged,
    DocumentFiled,
    LicenceChanged,
)
EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples"


class Asked(BaseModel):
    """What is wanted."""

    shapes: list[str]
    seconds: float
    seed: int


@dataclass
class Lane:
    """One shape: a queue of its own, and what its messages took from when they were said to when they were committed."""

    shape: str
    kind: type[Event]
    seed: int
    took: list[float] = field(default_factory=list[float])
    slept: list[float] = field(default_factory=list[float])
    said: list[float] = field(default_factory=list[float])

    @property
    def p95(self) -> float:
        """As the messages themselves saw it, in seconds."""
        return sorted(self.took)[int(0.95 * len(self.took))]

    def replayed(self, overhead: float) -> float:
        """The p95 of an ideal queue that was given the same arrivals and the same work: what is luck of the numbers, not model."""
        work = iter(one + overhead for one in self.slept)
        played = sorted(one.sojourn for one in play.simulate(self.said, work, servers=SERVERS))
        return played[int(0.95 * len(played))]


async def main() -> None:
    """Drive the shapes, and say what was predicted and what was."""
    wanted = asked(Asked)
    configure_logs("WARNING")
    lanes = [
        Lane(shape, kind, wanted.seed + 10 * index)
        for index, (shape, kind) in enumerate(zip(wanted.shapes, KINDS, strict=False))
    ]
    service, observer = _service(lanes), create_service()
    await migrate(observer)
    await migrate(service)
    await service.declare()
    store = DatabaseSeries(observer.database, Kept(timedelta(hours=6), timedelta(days=1), timedelta(days=2)))
    lags = [0.0]
    lag = asyncio.create_task(_lag(lags))
    await service.start()
    try:
        found = await _driven(wanted, service, store, lanes)
    finally:
        await service.stop()
        await observer.database.close()
    lag.cancel()
    answer(stalled=max(lags), **{lane.shape: _told(lane, found[routing_key(lane.kind)]) for lane in lanes})


async def _lag(lags: list[float]) -> None:
    """How much later than asked for this process goes on: what the machine does to it, whatever the queue does."""
    while True:
        asked_at = time.monotonic()
        await asyncio.sleep(0.05)
        lags.append(time.monotonic() - asked_at - 0.05)


def _told(lane: Lane, evidence: QueueEvidence) -> JsonValue:
    demand = fit(evidence.observed, servers=evidence.servers)
    expected = forecast(demand, servers=evidence.servers)
    overhead = demand.service.mean - sum(lane.slept) / len(lane.slept)
    return {
        "predicted": expected.p95, "low": expected.low, "high": expected.high, "measured": lane.p95, "told": evidence.p95,
        "replayed": lane.replayed(overhead), "count": len(lane.took), "utilisation": expected.utilisation,
        "overhead": overhead, "scv": demand.arrival_scv, "batch": demand.batch, "transport": evidence.observed.transport,
        "surges": [round(one.surge) for one in demand.stretches if one.surge],
    }  # fmt: skip


async def _driven(
    wanted: Asked, service: Service, store: DatabaseSeries, lanes: list[Lane]
) -> dict[str, QueueEvidence]:
    """Publish as the shapes want it while the service is looked at; the evidence of that time, by kind of message."""
    seen: list[Seen] = []
    watching = asyncio.create_task(_watch(service, lanes, seen))
    async with tapped(service.settings.amqp_url.get_secret_value()) as wire:
        # A counter shows itself with its first message: what it counts from then on is known.
        for lane in lanes:
            await wire.say(_example(lane.kind), tenant_id="tenant-1")
        await asyncio.sleep(4 * STEP.total_seconds())
        for lane in lanes:
            lane.took.clear()
            lane.slept.clear()
        since = datetime.now(UTC)
        await asyncio.gather(*(_say(wanted, lane, wire) for lane in lanes))
        until = datetime.now(UTC)
        while any(len(lane.took) < len(lane.said) for lane in lanes):
            await asyncio.sleep(0.05)
    await asyncio.sleep(2 * STEP.total_seconds())
    watching.cancel()
    await _keep(store, service.name, lanes, seen)
    found = await GatherEvidence(store).queues(service.name, Span(since, until, STEP))
    return {one.message: one for one in found}


async def _say(wanted: Asked, lane: Lane, wire: Wire) -> None:
    message, began = _example(lane.kind), time.monotonic()
    for due in _arrivals(wanted, lane):
        await asyncio.sleep(max(0.0, began + due - time.monotonic()))
        lane.said.append(time.monotonic())
        await wire.say(message, tenant_id="tenant-1")


@dataclass(frozen=True)
class Seen:
    """What was seen at one moment: the service's own /metrics, and what lies ready in each lane's queue."""

    at: datetime
    exposition: str
    ready: list[float]


async def _watch(service: Service, lanes: list[Lane], seen: list[Seen]) -> None:
    """What the Observer's watch does, at this one service; what it would read and keep in a process of its own waits for the end."""
    connection = await aio_pika.connect(service.settings.amqp_url.get_secret_value())
    async with connection, connection.channel() as channel:
        while True:
            at, ready = datetime.now(UTC), list[float]()
            exposition = service.metrics.exposition().decode()
            for lane in lanes:
                declared = await channel.declare_queue(queue_name(service.name, lane.kind), passive=True)
                ready.append(float(declared.declaration_result.message_count or 0))
            seen.append(Seen(at, exposition, ready))
            await asyncio.sleep(max(0.0, STEP.total_seconds() - (datetime.now(UTC) - at).total_seconds()))


async def _keep(store: DatabaseSeries, name: str, lanes: list[Lane], seen: list[Seen]) -> None:
    for one in seen:
        found = samples_of(one.exposition, one.at, instance="bench", process="bench")
        held = {
            series.label("message"): sample.value
            for series, sample in found
            if series.name == "frontdesk_messages_in_flight"
        }
        for lane, ready in zip(lanes, one.ready, strict=True):
            labels = {"service": name, "queue": queue_name(name, lane.kind)}
            unacknowledged = held.get(routing_key(lane.kind), 0.0)
            found += [
                (Series.of(READY, labels), Sample(one.at, ready)),
                (Series.of(UNACKNOWLEDGED, labels), Sample(one.at, unacknowledged)),
            ]
        await store.keep(found)


def _arrivals(wanted: Asked, lane: Lane) -> Iterator[float]:
    random, rate, length = Random(lane.seed + 1), RHO * SERVERS / MEAN, wanted.seconds
    count = int(rate * length)
    shapes: dict[str, Iterator[float]] = {
        "steady": play.steady(random, rate=rate, count=count),
        "bursty": play.bursty(random, rate=rate, count=count),
        "regular": play.regular(random, rate=rate, count=count),
        "ramp": play.ramp(random, low=0.3 * rate, high=1.15 * rate, length=length),
        "step": play.step(
            random, before=rate / 2, after=rate, at=length / 10, length=length, backlog=40 * SERVERS
        ),
    }
    return shapes[lane.shape]


def _service(lanes: list[Lane]) -> Service:
    """The probe with handlers of that many at a time, which sleep for what they drew."""
    service, router = create_probe(Probe()), Router()
    service.router.hearings[:] = [one for one in service.router.hearings if one.message not in KINDS]
    for lane in lanes:
        _hear(router, lane)
    service.hears(router)
    return service


def _hear(router: Router, lane: Lane) -> None:
    work = play.lognormal(Random(lane.seed), MEAN, SCV)

    @router.on(lane.kind, prefetch=SERVERS, grouped=True)
    async def on_anything(_: Event, unit: UnitOfWork) -> Outcome:
        lane.slept.append(next(work))
        await asyncio.sleep(lane.slept[-1])
        outcome = await unit.write(_nothing)
        lane.took.append((datetime.now(UTC) - unit.envelope.time).total_seconds())
        return outcome


async def _nothing(_: Session) -> list[Following]:
    return []


def _example(kind: type[Message]) -> Message:
    [folder] = EXAMPLES.glob(f"*/{routing_key(kind)}")
    return kind.read((folder / "minimal.json").read_bytes())


if __name__ == "__main__":
    uvloop.run(main())
