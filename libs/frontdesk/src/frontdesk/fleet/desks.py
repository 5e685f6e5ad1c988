"""Where each service keeps what it could not handle; the services themselves need not be put together for that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chassis import Settings
from chassis.database import Database
from chassis.dead_letters import DeadLetter, DeadLetters, UnknownDeadLetter
from chassis.outbox import Outbox
from frontdesk.fleet.plan import FleetPlan
from frontdesk.fleet.roster import environ, service_points


@dataclass(frozen=True)
class Desk:
    """The dead letters of one service."""

    service: str
    letters: DeadLetters


@asynccontextmanager
async def desk_of(plan: FleetPlan, service: str) -> AsyncIterator[Desk]:
    """The desk of a service, with a database connection for as long as the block lasts."""
    schema = next(point.module.partition(".")[0] for point in service_points() if point.name == service)
    with environ(plan.environment(service)):
        database = Database(schema, Settings())  # pyright: ignore[reportCallIssue] — read from the environment
    try:
        yield Desk(service, DeadLetters(database, Outbox(database)))
    finally:
        await database.close()


@asynccontextmanager
async def desk_with(plan: FleetPlan, letter: str) -> AsyncIterator[tuple[Desk, DeadLetter]]:
    """The desk where a dead letter lies, and the letter. Raises `UnknownDeadLetter`."""
    for service in plan.ports:
        async with desk_of(plan, service) as desk:
            try:
                found = await desk.letters.shown(letter)
            except UnknownDeadLetter:
                continue
            yield desk, found
            return
    raise UnknownDeadLetter(f"there is no dead letter {letter}")
