"""The fleet as it was last seen: replicas, queues, the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from observer.domain.series import Sample, Series

Failing = Literal["silent", "garbled"]
"""A replica that does not answer in time, or answers what cannot be understood."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where one replica answers."""

    service: str
    url: str

    @property
    def instance(self) -> str:
        """Host and port: what Prometheus calls the instance."""
        return self.url.partition("://")[2]


@dataclass(frozen=True, slots=True)
class HealthSeen:
    """What a replica says of itself at `/health`; what an older one does not say is None."""

    status: Literal["pass", "warn", "fail"]
    version: str
    uptime_seconds: float
    notes: tuple[str, ...] = ()
    process: str | None = None
    time: datetime | None = None
    cpu_percent: float | None = None
    memory_bytes: float | None = None
    database_ms: float | None = None
    pool_in_use: int | None = None
    pool_size: int | None = None
    broker_connected: bool | None = None
    consumers: int | None = None
    consumers_expected: int | None = None
    outbox_pending: int | None = None
    outbox_oldest_seconds: float | None = None
    dead_letters: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking at one replica once."""

    address: Address
    at: datetime
    seconds: float
    """How long `/health` took."""
    health: HealthSeen | None = None
    samples: tuple[tuple[Series, Sample], ...] = ()
    """Of `/metrics`, when that was read too."""
    failing: Failing | None = None
    failure: str = ""
    """Why, for people."""


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """A queue, as the broker's management tells it; rates are per second."""

    name: str
    ready: int
    unacknowledged: int
    consumers: int
    publish_rate: float = 0.0
    deliver_rate: float = 0.0
    state: str = "running"

    @property
    def service(self) -> str:
        """Whose queue it is: its name begins with that."""
        return self.name.partition(".")[0]

    @property
    def message(self) -> str:
        """The routing key that it hears; of a timer or a journal what it is."""
        return self.name.partition(".")[2]

    @property
    def waiting(self) -> int:
        """All that is not settled."""
        return self.ready + self.unacknowledged

    @property
    def is_work(self) -> bool:
        """Whether a service must always hear it: no queue of one process's news."""
        return not self.message.startswith("news.")


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """A statement that runs, or ran, for long; without its parameters."""

    role: str
    statement: str
    seconds: float
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class TableSeen:
    """A table and what of it is dead rows."""

    schema: str
    table: str
    live_rows: int
    dead_rows: int
    size_bytes: int

    @property
    def bloat_percent(self) -> float:
        """Dead rows in a hundred rows."""
        rows = self.live_rows + self.dead_rows
        return 100.0 * self.dead_rows / rows if rows else 0.0


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """Postgres, as far as the Observer's role may look."""

    connections: tuple[tuple[str, int], ...]
    """How many connections each role has."""
    most_connections: int
    size_bytes: int
    commits: int
    rollbacks: int
    deadlocks: int
    slow: tuple[SlowStatement, ...] = ()
    tables: tuple[TableSeen, ...] = ()

    @property
    def connections_percent(self) -> float:
        """How much of what the server allows is in use."""
        return 100.0 * sum(count for _, count in self.connections) / max(self.most_connections, 1)


@dataclass(slots=True)
class Replica:
    """One replica over time."""

    address: Address
    first_seen: datetime
    answered_at: datetime | None = None
    failing_since: datetime | None = None
    failing: Failing | None = None
    failure: str = ""
    gone_since: datetime | None = None
    """Since when nobody names its address any more: it was stopped, which is no fault."""
    ill_since: datetime | None = None
    """Since when it says of itself that it fails."""
    health: HealthSeen | None = None
    seconds: float = 0.0
    skew_seconds: float | None = None
    """By how much its clock is ahead."""
    restarts: list[datetime] = field(default_factory=list[datetime])

    def saw(self, look: Look) -> bool:
        """Take in what was seen; returns whether it was started anew since the last look."""
        if look.health is None:
            self.failing_since = self.failing_since or look.at
            self.failing, self.failure = look.failing or "silent", look.failure
            return False
        anew = self._is_another(look)
        if anew:
            self.restarts = [*self.restarts[-19:], look.at]
        self.answered_at, self.seconds, self.health = look.at, look.seconds, look.health
        self.failing, self.failure = look.failing, look.failure
        self.failing_since = (self.failing_since or look.at) if look.failing is not None else None
        self.ill_since = (self.ill_since or look.at) if look.health.status == "fail" else None
        self.skew_seconds = None
        if look.health.time is not None:
            # It looked at its clock somewhere within the time that the answer took.
            ahead = (look.health.time - look.at).total_seconds() + look.seconds / 2
            self.skew_seconds = max(abs(ahead) - look.seconds / 2, 0.0) * (1 if ahead >= 0 else -1)
        return anew

    def _is_another(self, look: Look) -> bool:
        before, now = self.health, look.health
        if before is None or now is None or self.answered_at is None:
            return False
        if before.process is not None and now.process is not None:
            return before.process != now.process
        # Two seconds of play: the clocks of two looks are not one.
        return now.uptime_seconds + 2.0 < before.uptime_seconds


@dataclass(slots=True)
class Roster:
    """Every replica that was named, by its address: those that answer, those that do not, those that are gone."""

    replicas: dict[Address, Replica] = field(default_factory=dict[Address, Replica])
    forget_seconds: float = 3600.0

    def named(
        self, addresses: Sequence[Address], at: datetime, *, unresolved: frozenset[str]
    ) -> list[Address]:
        """These are the replicas now; returns the new ones.

        Of a service in `unresolved` nothing is known now: its replicas stay as they are.
        """
        new = list[Address]()
        for address in addresses:
            known = self.replicas.get(address)
            if known is None:
                self.replicas[address] = Replica(address, at)
                new.append(address)
            else:
                known.gone_since = None
        present = set(addresses)
        for address, replica in list(self.replicas.items()):
            if address in present or address.service in unresolved:
                continue
            replica.gone_since = replica.gone_since or at
            if (at - replica.gone_since).total_seconds() > self.forget_seconds:
                del self.replicas[address]
        return new

    @property
    def present(self) -> list[Replica]:
        """Those that should answer."""
        return [replica for _, replica in sorted(self.replicas.items()) if replica.gone_since is None]
