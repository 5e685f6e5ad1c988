"""One look at everything: all replicas at the same time, the broker's queues, the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from observer.application.changes import Changed, Changes
from observer.application.ports import Clock, Directory, Log, Postgres, Queues, Replicas, WatchOutage
from observer.domain import measuring
from observer.domain.fleet import Address, DatabaseSeen, Look, QueueSeen, Roster
from observer.domain.measuring import Sight
from observer.domain.recent import Recent
from observer.domain.seen import of_database, of_look, of_queues
from observer.domain.series import Sample, Selector, Series

_ONE_PER_PROCESS = "process_"
"""Families of which every service of one process shows the same."""
Samples = list[tuple[Series, Sample]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the Observer looks, in seconds."""

    health: float = 5.0
    """`/health` of every replica."""
    metrics: float = 15.0
    """`/metrics` of every replica, queues, the database."""
    at_a_time: int = 32
    """How many replicas are asked at the same time."""


@dataclass(slots=True)
class Watched:
    """What is known now, for whoever asks: it outlives every outage but the process's own end."""

    roster: Roster = field(default_factory=Roster)
    recent: Recent = field(default_factory=lambda: Recent(timedelta(minutes=15)))
    trend: Recent = field(default_factory=lambda: Recent(timedelta(hours=6)))
    queues: Sequence[QueueSeen] | None = None
    database: DatabaseSeen | None = None
    blind: dict[str, datetime] = field(default_factory=dict[str, datetime])
    looked_at: datetime | None = None
    """When everything was looked at last."""
    took_seconds: float = 0.0

    def lost(self, what: str, at: datetime) -> bool:
        """Something cannot be seen; returns whether that is new."""
        new = what not in self.blind
        self.blind.setdefault(what, at)
        return new

    def back(self, what: str) -> None:
        """It can be seen again."""
        self.blind.pop(what, None)

    def sight(self, at: datetime) -> Sight:
        """All of it, for judging."""
        processes: dict[str, list[str]] = {}
        for replica in self.roster.present:
            if replica.health is not None:
                process = replica.health.process or replica.address.instance
                processes.setdefault(process, []).append(replica.address.service)
        return Sight(
            at, self.roster.present, self.recent, self.trend, self.queues, self.database, dict(self.blind),
            {process: tuple(sorted(services)) for process, services in processes.items()},
        )  # fmt: skip


class WatchFleet:
    """Looks at the fleet, round after round. A round never fails: what cannot be seen is said to be unseen."""

    def __init__(
        self, *, directory: Directory, replicas: Replicas, queues: Queues | None, postgres: Postgres,
        watched: Watched, changes: Changes, log: Log, clock: Clock, pace: Pace,
    ) -> None:  # fmt: skip
        self._directory = directory
        self._replicas = replicas
        self._queues = queues
        self._postgres = postgres
        self._watched = watched
        self._changes = changes
        self._log = log
        self._clock = clock
        self._pace = pace
        self._places = asyncio.Semaphore(pace.at_a_time)
        self._measured_at: datetime | None = None
        self._looked_before: dict[Address, datetime] = {}

    async def __call__(self) -> tuple[Sight, Samples]:
        """One round: what is seen, and the samples that say something new and should be kept."""
        at = self._clock()
        due = timedelta(seconds=self._pace.metrics - self._pace.health / 2)
        metrics = self._measured_at is None or at - self._measured_at >= due
        if metrics:
            self._measured_at = at
        addresses, unresolved = await self._directory.addresses()
        for address in self._watched.roster.named(addresses, at, unresolved=unresolved):
            self._tell(address, "new", at)
        present = [replica.address for replica in self._watched.roster.present]
        looks, beside = await asyncio.gather(
            self._look_at_all(present, metrics), self._look_beside(at) if metrics else _nothing()
        )
        new = self._take(looks, metrics)
        new += self._watched.recent.add(beside)
        self._watched.recent.forget(at)
        self._watched.looked_at = at
        self._watched.took_seconds = (self._clock() - at).total_seconds()
        self._changes.tell(Changed("round", at))
        return self._watched.sight(self._clock()), new if metrics else []

    async def _look_at_all(self, addresses: Sequence[Address], metrics: bool) -> list[Look]:
        async def look(address: Address) -> Look:
            async with self._places:
                return await self._replicas.look(address, metrics=metrics)

        return list(await asyncio.gather(*map(look, addresses)))

    def _take(self, looks: Iterable[Look], metrics: bool) -> Samples:
        new: Samples = []
        seen_processes = set[str]()
        for look in looks:
            replica = self._watched.roster.replicas[look.address]
            before = (replica.failing, replica.answered_at is None)
            if replica.saw(look):
                self._tell(look.address, "restarted", look.at)
            if before != (replica.failing, replica.answered_at is None):
                self._tell(look.address, replica.failing or "answering", look.at)
            process = (look.health.process if look.health else None) or look.address.instance
            own = _unless(
                lambda series, process=process: (
                    series.name.startswith(_ONE_PER_PROCESS) and process in seen_processes
                ),
                look.samples,
            )
            if own:
                seen_processes.add(process)
            born = self._looked_before.get(look.address)
            new += self._watched.recent.add(own, born)
            new += self._watched.recent.add(of_look(look, replica))
            if look.samples:
                self._looked_before[look.address] = look.at
            elif metrics:
                self._looked_before.pop(look.address, None)
        self._follow_memory()
        return new

    def _follow_memory(self) -> None:
        """A value a minute of each process's memory, for its slope over hours."""
        recent, trend = self._watched.recent, self._watched.trend
        for series in recent.series(Selector(measuring.MEMORY)):
            seen, last = recent.seen(series), trend.seen(series)
            sample = recent.last(series)
            if seen is None or sample is None or (last is not None and seen - last < timedelta(minutes=1)):
                continue
            trend.add([(series, Sample(seen, sample.value))])
            trend.forget(seen)

    async def _look_beside(self, at: datetime) -> Samples:
        queues, database = await asyncio.gather(self._look_at_queues(at), self._look_at_database(at))
        return [*queues, *database]

    async def _look_at_queues(self, at: datetime) -> Samples:
        if self._queues is None:
            return []
        try:
            self._watched.queues = await self._queues.look()
        except WatchOutage as error:
            self._watched.queues = None
            self._lost("rabbitmq", at, error)
            return []
        self._watched.back("rabbitmq")
        return of_queues(self._watched.queues, at)

    async def _look_at_database(self, at: datetime) -> Samples:
        try:
            self._watched.database = await self._postgres.look()
        except WatchOutage as error:
            self._watched.database = None
            self._lost("postgres", at, error)
            return []
        self._watched.back("postgres")
        return of_database(self._watched.database, at)

    def _lost(self, what: str, at: datetime, error: WatchOutage) -> None:
        if self._watched.lost(what, at):
            self._log.trouble(f"{what} cannot be seen; the watch goes on without it", str(error))

    def _tell(self, address: Address, state: str, at: datetime) -> None:
        self._changes.tell(Changed("replica", at, address.service, address.instance, state))


async def _nothing() -> Samples:
    return []


def _unless(left_out: Callable[[Series], bool], samples: Iterable[tuple[Series, Sample]]) -> Samples:
    return [(series, sample) for series, sample in samples if not left_out(series)]
