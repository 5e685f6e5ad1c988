"""A handler's unit of work, and group commit: units that are ready at the same time share one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Concatenate, ParamSpec

from sqlalchemy.exc import DBAPIError

from chassis.database import Database, Session
from chassis.effects import DEFAULT_LEASE, Effects, Remembered
from chassis.errors import OurOutage
from chassis.inbox import Inbox
from chassis.metrics import Metrics
from chassis.outbox import Outbox, OutboxRow
from chassis.relay import Relay
from chassis.story import Story
from contracts.envelope import Envelope, Following

GROUP = 64
_P = ParamSpec("_P")
_Write = Callable[[Session], Awaitable[Iterable[Following] | None]]
_WORTH_REPEATING = {"40001", "40P01"}  # serialization failure, deadlock


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit: `fresh` is False when another delivery of the message was faster."""

    fresh: bool


@dataclass(slots=True)
class Course:
    """When the steps of a unit happened, on the process's own clock: why it took as long as it did."""

    began: float
    asked: float | None = None
    joined: float | None = None
    committed: float | None = None

    def seconds(self, now: float) -> dict[str, float]:
        """Seconds of each step that was reached, by its name in a span; `now` is when the last one ended."""
        found = {"frontdesk.work_s": (self.asked or now) - self.began}
        if self.asked is not None and self.joined is not None and self.committed is not None:
            found["frontdesk.group_s"] = self.joined - self.asked
            found["frontdesk.commit_s"] = self.committed - self.joined
            found["frontdesk.publish_s"] = now - self.committed
        return found


@dataclass(slots=True)
class _Pending:
    message_id: str
    story: Story
    write: _Write
    course: Course
    done: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class UnitOfWork:
    """What a handler may do besides its work: write once, read, and act in the world once.

    `tenant_id` and `envelope` are the message's, `attempt` counts from 1.
    """

    def __init__(self, envelope: Envelope, attempt: int, committer: Committer) -> None:
        self.envelope = envelope
        self.tenant_id = envelope.tenant_id
        self.attempt = attempt
        self._committer = committer
        self.course = Course(monotonic())
        self.outcome: Outcome | None = None

    async def write(
        self,
        function: Callable[Concatenate[Session, _P], Awaitable[Iterable[Following] | None]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Outcome:
        """Have the chassis call `function(session, …)` in its transaction and send what it returns.

        The function may be called twice (a group that failed is committed one by one), touches only its session, and
        neither commits nor publishes. Raises what the function raises, and `OurOutage`.
        """
        if self.outcome is not None:
            raise RuntimeError("a handler writes once")

        async def write(session: Session) -> Iterable[Following] | None:
            return await function(session, *args, **kwargs)

        self.outcome = await self._committer.commit(self.envelope, write, self.course)
        return self.outcome

    async def finish(self) -> Outcome:
        """Enter the message as handled, when the handler wrote nothing."""
        if self.outcome is None:
            self.outcome = await self._committer.commit(self.envelope, _nothing, self.course)
        return self.outcome

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A short read of the tenant's rows. Raises `OurOutage`."""
        async with self._committer.database.transaction(self.tenant_id) as session:
            yield session

    async def effect(
        self,
        key: str,
        *,
        look_up: Callable[[], Awaitable[Remembered | None]],
        call: Callable[[], Awaitable[Remembered]],
        lease: timedelta = DEFAULT_LEASE,
    ) -> Remembered:
        """Do something in the world once (`chassis.effects.Effects.once`); the key is the tenant's own."""
        return await self._committer.effects.once(
            self.tenant_id, key, look_up=look_up, call=call, lease=lease
        )


async def _nothing(_: Session) -> None:
    return None


class Committer:
    """Commits the units of one hearing: inbox rows, what the units write, outbox rows; then hands on to the relay.

    Grouped units that are ready together share a transaction of up to `GROUP`, in which each tenant has a session of
    its own; a group that fails is rolled back and each unit is committed alone, so that one bad unit harms no other.
    Tenants take turns.
    """

    def __init__(
        self, database: Database, inbox: Inbox, outbox: Outbox, relay: Relay, effects: Effects, metrics: Metrics,
        *, service: str, grouped: bool, workers: int,
    ) -> None:  # fmt: skip
        self.database = database
        self.effects = effects
        self._inbox = inbox
        self._outbox = outbox
        self._relay = relay
        self._metrics = metrics
        self._service = service
        self._size = GROUP if grouped else 1
        self._waiting: dict[str, deque[_Pending]] = {}
        self._turns: deque[str] = deque()
        self._idle_workers = workers
        self._running: set[asyncio.Task[None]] = set()

    async def commit(self, envelope: Envelope, write: _Write, course: Course) -> Outcome:
        """Commit one unit, with whatever else is ready; ends when it is committed and its messages are on their way."""
        course.asked = monotonic()
        pending = _Pending(envelope.id, Story.goes_on(self._service, envelope), write, course)
        queue = self._waiting.setdefault(envelope.tenant_id, deque())
        queue.append(pending)
        if len(queue) == 1:
            self._turns.append(envelope.tenant_id)
        if self._idle_workers > 0:
            self._idle_workers -= 1
            self._start(self._work())
        return await pending.done

    async def _work(self) -> None:
        try:
            while self._turns:
                await self._commit_group(self._next_group())
        finally:
            self._idle_workers += 1

    def _next_group(self) -> list[_Pending]:
        group: list[_Pending] = []
        while self._turns and len(group) < self._size:
            tenant_id = self._turns.popleft()
            queue = self._waiting[tenant_id]
            group += [queue.popleft() for _ in range(min(self._size - len(group), len(queue)))]
            if queue:
                self._turns.append(tenant_id)
            else:
                del self._waiting[tenant_id]
        return group

    async def _commit_group(self, group: list[_Pending]) -> None:
        try:
            await self._commit(group)
        except OurOutage as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 — each unit is tried alone, and gets its own error
            if len(group) == 1 and not _worth_repeating(error):
                _fail(group, error)
                return
            for pending in group:
                await self._commit_alone(pending)

    async def _commit_alone(self, pending: _Pending) -> None:
        for last in (False, False, True):
            try:
                await self._commit([pending])
            except Exception as error:  # noqa: BLE001 — handed to the handler's loop, which decides
                if last or not _worth_repeating(error):
                    _fail([pending], error)
                    return
            else:
                return

    async def _commit(self, group: list[_Pending]) -> None:
        first: dict[str, _Pending] = {}
        joined = monotonic()
        for pending in group:
            first.setdefault(pending.message_id, pending)
            pending.course.joined = joined
        ids = sorted(first)  # everyone locks in one order
        rows: list[OutboxRow] = []
        async with self.database.shared() as transaction:
            connection = transaction.connection
            fresh = await self._inbox.enter(connection, ids)
            for tenant_id, units in _by_tenant(
                first[message_id] for message_id in ids if message_id in fresh
            ):
                async with transaction.part_of(tenant_id) as session:
                    for unit in units:
                        following = await unit.write(session)
                        rows += await unit.story.keep(self._outbox, connection, following or ())
            await self._outbox.add(connection, rows)
        committed = monotonic()
        for pending in group:
            pending.course.committed = committed
        self._metrics.committed(len(group))
        outcomes = [
            (pending, Outcome(pending.message_id in fresh and first[pending.message_id] is pending))
            for pending in group
        ]
        # The next group need not wait for the broker's confirms; whoever acknowledges does.
        self._start(_tell(outcomes, self._relay.submit(rows)))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _worth_repeating(error: Exception) -> bool:
    """Whether the database chose the transaction as the victim of a conflict: the same again will do."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) in _WORTH_REPEATING


def _by_tenant(units: Iterable[_Pending]) -> list[tuple[str, list[_Pending]]]:
    found: dict[str, list[_Pending]] = {}
    for unit in units:
        found.setdefault(unit.story.tenant_id, []).append(unit)
    return sorted(found.items())


async def _tell(
    outcomes: Sequence[tuple[_Pending, Outcome]], confirms: Sequence[asyncio.Future[None]]
) -> None:
    if confirms:
        await asyncio.wait(confirms)
    for pending, outcome in outcomes:
        if not pending.done.done():
            pending.done.set_result(outcome)


def _fail(group: Iterable[_Pending], error: Exception) -> None:
    for pending in group:
        if not pending.done.done():
            pending.done.set_exception(error)
