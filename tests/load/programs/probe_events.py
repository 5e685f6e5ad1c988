"""The product: the probe on the chassis hears documents, keeps a row each, says an event each, and acknowledges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Literal

import uvloop
from pydantic import BaseModel
from sqlalchemy import text
from talk import answer, asked, resident_megabytes

from chassis import Router, Session, UnitOfWork
from chassis.running import spare_the_collector
from chassis.service import Service
from chassis.telemetry import configure_logs
from chassis.unit import Outcome
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Following
from testkit.probe.service import Note, Probe, create_probe


class Asked(BaseModel):
    """What is wanted."""

    count: int
    warm_up: int
    handler: Literal["grouped", "locking"]


PREFETCH = 500
"""As many as the floor takes."""


def grouped_router(probe: Probe) -> Router:
    """A handler whose writes are inserts: its commits are shared."""
    router = Router()

    @router.on(DocumentReceived, grouped=True, prefetch=PREFETCH)
    async def on_document_received(event: DocumentReceived, unit: UnitOfWork) -> Outcome:
        return await unit.write(_keep, event, unit.tenant_id, probe)

    return router


async def _keep(
    session: Session, event: DocumentReceived, tenant_id: str, probe: Probe
) -> Iterable[Following]:
    session.add(Note(tenant_id=tenant_id, document_id=event.document_id, filename=event.filename))
    return probe.follow(event)


def locking_router(probe: Probe) -> Router:
    """A handler that locks an aggregate before it writes: its transactions are not shared."""
    router = Router()

    @router.on(DocumentReceived, prefetch=PREFETCH)
    async def on_document_received(event: DocumentReceived, unit: UnitOfWork) -> Outcome:
        return await unit.write(_lock_and_keep, event, unit.tenant_id, probe)

    return router


async def _lock_and_keep(
    session: Session, event: DocumentReceived, tenant_id: str, probe: Probe
) -> Iterable[Following]:
    connection = await session.connection()
    await connection.execute(
        text(
            "select filename from probe.notes where tenant_id = :tenant and document_id = 'the-lead' for update"
        ),
        {"tenant": tenant_id},
    )
    session.add(Note(tenant_id=tenant_id, document_id=event.document_id, filename=event.filename))
    return probe.follow(event)


async def main() -> None:
    """Run the probe until the queue is empty."""
    wanted = asked(Asked)
    configure_logs("WARNING")
    service = _service(wanted.handler)
    await service.start()
    spare_the_collector()  # as every service's process does
    began, cpu = await _settled(service, wanted.warm_up)
    ended, cpu_ended = await _settled(service, wanted.count)
    measured = service_counted(service)
    answer(
        rate=(wanted.count - began[1]) / (ended[0] - began[0]),
        cpu_us=(cpu_ended - cpu) / (wanted.count - began[1]) * 1e6,
        megabytes=resident_megabytes(),
        **measured,
    )
    await service.stop()


def _service(handler: str) -> Service:
    probe = Probe()
    service = create_probe(probe)
    service.router.hearings[:] = [
        one for one in service.router.hearings if one.message is not DocumentReceived
    ]
    service.hears(locking_router(probe) if handler == "locking" else grouped_router(probe))
    return service


def service_counted(service: Service) -> dict[str, float]:
    """What became of the deliveries."""
    return {
        outcome: service.metrics.count("document.received.v1", outcome)
        for outcome in ("done", "duplicate", "yielded", "retried", "dead")
    }


async def _settled(service: Service, count: int) -> tuple[tuple[float, int], float]:
    """Wait until so many deliveries are settled for good; returns when, how many, and the process's time."""
    while True:
        counted = service_counted(service)
        seen = int(counted["done"] + counted["duplicate"])
        if seen >= count:
            return (time.monotonic(), seen), time.process_time()
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    uvloop.run(main())
