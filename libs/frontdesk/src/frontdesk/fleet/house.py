"""Start the whole fleet: stack, schemas, queues, services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from chassis import Service
from chassis.migration import migrate
from chassis.running import Fleet
from frontdesk.fleet.plan import FleetPlan
from frontdesk.fleet.roster import create, service_points

READY_SECONDS = 60.0


@dataclass(frozen=True)
class House:
    """A fleet that runs in this process."""

    plan: FleetPlan
    services: Sequence[Service]


def create_services(plan: FleetPlan) -> list[Service]:
    """Make every service of the roster."""
    return [create(point, plan.environment(point.name)) for point in service_points()]


async def prepare(services: Sequence[Service]) -> None:
    """Bring every schema up to date and declare every queue, before anyone starts."""
    for service in services:
        await migrate(service)
    await asyncio.gather(*(service.declare() for service in services))


@asynccontextmanager
async def running_house(plan: FleetPlan) -> AsyncIterator[House]:
    """The whole fleet in this process, ready, for as long as the block lasts; then it is drained."""
    services = create_services(plan)
    await prepare(services)
    fleet = Fleet(services)
    try:
        await fleet.start()
        await _ready(services)
        yield House(plan, services)
    finally:
        await fleet.stop()


async def database_answers(url: str) -> bool:
    """Whether the database can be reached."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def _ready(services: Sequence[Service]) -> None:
    """Wait until every declared consumer is there."""
    async with asyncio.timeout(READY_SECONDS):
        while not all(service.listening for service in services):
            await asyncio.sleep(0.05)
