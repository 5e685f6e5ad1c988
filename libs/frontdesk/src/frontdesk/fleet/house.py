"""Start the whole fleet: stack, schemas, queues, services."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis import Service
from chassis.migration import migrate
from chassis.running import Fleet, run_until_signal
from frontdesk.fleet.plan import FleetPlan, leave_taken_ports, plan_fleet
from frontdesk.fleet.roster import create, service_points
from frontdesk.fleet.vendors import Vendors, simulated_vendors

READY_SECONDS = 60.0
Opened = Callable[[FleetPlan, Vendors | None], Awaitable[None]]


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
async def running_house(plan: FleetPlan, *, ground: Awaitable[None] | None = None) -> AsyncIterator[House]:
    """The whole fleet in this process, ready, for as long as the block lasts; then it is drained.

    `ground` ends when broker and database are there: until then the services are only put together.
    """
    services = create_services(plan)
    if ground is not None:
        await ground
    await prepare(services)
    fleet = Fleet(services)
    try:
        await fleet.start()
        await _ready(services)
        yield House(plan, services)
    finally:
        await fleet.stop()


async def keep_house(folder: Path, *, simulated: bool, opened: Opened) -> None:
    """Run the whole fleet in this process until a signal says stop; then it is drained.

    `simulated`: the simulated vendors run beside it, else the environment names the real ones. `opened` is called once
    everything runs. Raises `FleetError` when it runs already or a setting is wrong.
    """
    leave_taken_ports(folder)
    async with contextlib.AsyncExitStack() as beside:
        vendors = (
            await beside.enter_async_context(simulated_vendors(folder / "sandbox")) if simulated else None
        )
        plan = plan_fleet(folder, vendors)
        services = create_services(plan)
        await prepare(services)
        opening: set[asyncio.Task[None]] = set()

        async def open_doors() -> None:
            with contextlib.suppress(
                TimeoutError
            ):  # who hears nothing even then is named by /health and the doctor
                await _ready(services)
            await opened(plan, vendors)

        def ready() -> None:
            opening.add(asyncio.create_task(open_doors()))

        await run_until_signal(Fleet(services), ready=ready)


async def _ready(services: Sequence[Service]) -> None:
    """Wait until every declared consumer is there."""
    async with asyncio.timeout(READY_SECONDS):
        while not all(service.listening for service in services):
            await asyncio.sleep(0.05)
