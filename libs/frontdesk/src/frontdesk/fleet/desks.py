"""The dead letters' desk while the fleet is down: straight into each service's schema, audited like every other deed.

The services themselves need not be put together for that; a mended timer can therefore not be checked here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import JsonValue

from chassis import Settings
from chassis.database import Database
from chassis.dead_letters import UnknownDeadLetter
from chassis.desk import Desk
from chassis.desk_audit import SCHEMA, DeskAudit
from chassis.outbox import Outbox
from contracts.dead_letters.http_v1 import (
    Deed,
    DeedPage,
    DropManyOrder,
    LetterCount,
    LetterFilter,
    LetterLine,
    LetterShown,
    ReplayManyOrder,
    Settled,
    Verb,
)
from contracts.envelope import new_id
from frontdesk.fleet.plan import FleetPlan
from frontdesk.fleet.roster import environ, service_points

_Answer = TypeVar("_Answer")


class SchemaDesks:
    """All desks, in the schemas. Everything raises `UnknownDeadLetter`, `AlreadySettled`, `OurOutage`."""

    def __init__(self, plan: FleetPlan, actor: str) -> None:
        self._plan = plan
        self._actor = actor

    async def page(self, wanted: LetterFilter, service: str | None, limit: int) -> Sequence[LetterLine]:
        """The newest letters."""
        pages = await self._of_each(service, lambda desk: desk.letters.page(wanted, limit=limit))
        lines = [line for page in pages for line in page.letters]
        return sorted(lines, key=lambda line: (line.died_at, line.id), reverse=True)[:limit]

    async def counts(self, wanted: LetterFilter, service: str | None) -> Sequence[LetterCount]:
        """How many there are."""
        counted = await self._of_each(service, lambda desk: desk.letters.counts(wanted))
        return sorted((count for counts in counted for count in counts), key=lambda count: -count.letters)

    async def shown(self, letter_id: str) -> LetterShown:
        """One with its body."""
        return await self._one("show", letter_id, None, lambda desk, _: desk.letters.shown(letter_id))

    async def mend(self, letter_id: str, body: JsonValue, *, reason: str | None, force: bool) -> LetterShown:
        """Give it a new body."""
        return await self._one(
            "mend", letter_id, reason,
            lambda desk, _: desk.mend(letter_id, body, by=self._actor, reason=reason, force=force),
        )  # fmt: skip

    async def replay(self, letter_id: str) -> LetterShown:
        """Send it again."""
        return await self._one(
            "replay", letter_id, None,
            lambda desk, action: desk.replay(letter_id, by=self._actor, action=action),
        )  # fmt: skip

    async def drop(self, letter_id: str, reason: str) -> LetterShown:
        """Give it up."""
        return await self._one(
            "drop", letter_id, reason,
            lambda desk, action: desk.drop(letter_id, by=self._actor, action=action, reason=reason),
        )  # fmt: skip

    async def replay_many(self, wanted: LetterFilter, service: str | None, rate: float) -> int:
        """Send many again, one after the other over all services; returns how many."""
        next_at = datetime.now(UTC)

        async def act(desk: Desk, deed: Deed, which: LetterFilter) -> Settled:
            nonlocal next_at
            order = ReplayManyOrder(
                by=self._actor, action=deed.id, filter=which, rate=rate, starts_at=next_at
            )
            settled = await desk.replay_many(order)
            next_at = settled.next_at or next_at
            return settled

        return await self._many("replay", wanted, service, act, rate=rate)

    async def drop_many(self, wanted: LetterFilter, service: str | None, reason: str) -> int:
        """Give many up; returns how many."""

        async def act(desk: Desk, deed: Deed, which: LetterFilter) -> Settled:
            return await desk.drop_many(
                DropManyOrder(by=self._actor, action=deed.id, filter=which, reason=reason)
            )

        return await self._many("drop", wanted, service, act, reason=reason)

    async def audit(self, limit: int, letter: str | None) -> DeedPage:
        """Who did what."""
        async with self._audit() as audit:
            return await audit.page(limit=limit, letter=letter)

    async def _one(
        self, verb: Verb, letter_id: str, reason: str | None,
        act: Callable[[Desk, str], Awaitable[LetterShown]],
    ) -> LetterShown:  # fmt: skip
        lines = await self.page(LetterFilter(letter_id=letter_id, state="any"), None, 1)
        if not lines:
            raise UnknownDeadLetter(f"there is no dead letter {letter_id}")
        service = lines[0].service
        deed = self._deed(verb, service=service, letters=[letter_id], reason=reason)
        async with self._audit() as audit, self._desk(service) as desk:
            await audit.begin(deed)
            try:
                letter = await act(desk, deed.id)
            except (LookupError, ValueError) as error:
                await audit.end(deed.id, {"refused": str(error)})
                raise
            await audit.end(deed.id, {"state": letter.state, "mends": len(letter.mended)})
            return letter

    async def _many(
        self, verb: Verb, wanted: LetterFilter, service: str | None,
        act: Callable[[Desk, Deed, LetterFilter], Awaitable[Settled]], *,
        rate: float | None = None, reason: str | None = None,
    ) -> int:  # fmt: skip
        now = datetime.now(UTC)
        which = wanted.model_copy(
            update={"state": "dead", "died_before": min(wanted.died_before or now, now)}
        )
        deed = self._deed(verb, service=service, wanted=wanted, rate=rate, reason=reason)
        count = 0
        async with self._audit() as audit:
            await audit.begin(deed)
            for name in self._names(service):
                async with self._desk(name) as desk:
                    more = True
                    while more:
                        settled = await act(desk, deed, which)
                        count, more = count + settled.letters, settled.more
            await audit.end(deed.id, {"letters": count})
        return count

    def _deed(
        self, verb: Verb, *, service: str | None, letters: list[str] | None = None,
        wanted: LetterFilter | None = None, rate: float | None = None, reason: str | None = None,
    ) -> Deed:  # fmt: skip
        return Deed(
            id=new_id(), verb=verb, actor=self._actor, way="command", service=service, letters=letters or [],
            filter=wanted, rate=rate, reason=reason, began_at=datetime.now(UTC),
        )  # fmt: skip

    async def _of_each(self, service: str | None, ask: Callable[[Desk], Awaitable[_Answer]]) -> list[_Answer]:
        answers: list[_Answer] = []
        for name in self._names(service):
            async with self._desk(name) as desk:
                answers.append(await ask(desk))
        return answers

    def _names(self, service: str | None) -> Sequence[str]:
        return list(self._plan.ports) if service is None else [service]

    @asynccontextmanager
    async def _desk(self, service: str) -> AsyncIterator[Desk]:
        schema = next(point.module.partition(".")[0] for point in service_points() if point.name == service)
        async with self._database(service, schema) as database:
            yield Desk(database, Outbox(database))

    @asynccontextmanager
    async def _audit(self) -> AsyncIterator[DeskAudit]:
        async with self._database("observer", SCHEMA) as database:
            yield DeskAudit(database)

    @asynccontextmanager
    async def _database(self, service: str, schema: str) -> AsyncIterator[Database]:
        with environ(self._plan.environment(service)):
            database = Database(schema, Settings())  # pyright: ignore[reportCallIssue] — read from the environment
        try:
            yield database
        finally:
            await database.close()
