"""What the Observer needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from contracts.envelope import Event
from observer.domain.fleet import Address, DatabaseSeen, Look, QueueSeen
from observer.domain.judging import Alert
from observer.domain.notices import Notice
from observer.domain.sampling import KeptStory
from observer.domain.series import Distribution, Line, Sample, Selector, Series, Span
from observer.domain.silences import Silence
from observer.domain.spans import StoryLine, StoryQuestion, StorySpan


class WatchOutage(Exception):
    """A place that is looked at does not answer: the Observer's own database, Prometheus, the broker's management."""


class Clock(Protocol):
    """The time, in UTC."""

    def __call__(self) -> datetime: ...


class SeriesReader(Protocol):
    """Where measured series are read: the Observer's own database, or Prometheus.

    Every method raises `WatchOutage` when it does not answer.
    """

    async def find(self, selector: Selector) -> Sequence[Series]:
        """The series that there are."""
        ...

    async def window(self, selector: Selector, span: Span) -> Sequence[Line]:
        """Gauges: the mean of each step, a line for each series."""
        ...

    async def increases(self, selector: Selector, span: Span) -> Sequence[Line]:
        """Counters: by how much each rose within each step, restarts included (`domain.series.rates` makes rates)."""
        ...

    async def distributions(self, selector: Selector, span: Span) -> Sequence[Distribution]:
        """Histograms: what was counted within each step (`domain.series.merged` and `quantile` read them)."""
        ...


class SeriesStore(Protocol):
    """Where measured series are kept. Every method raises `WatchOutage`."""

    async def keep(self, samples: Sequence[tuple[Series, Sample]]) -> None:
        """Keep samples; one that is there already stays as it is."""
        ...

    async def roll_up(self, since: datetime) -> None:
        """Make minutes of raw samples and hours of minutes, from `since` on; again changes nothing."""
        ...

    async def forget(self, *, raw: datetime, minutes: datetime, hours: datetime) -> int:
        """Drop what is older than these moments, and series that have nothing left; returns how many rows."""
        ...


class Directory(Protocol):
    """Which replicas there are at the moment."""

    async def addresses(self) -> tuple[Sequence[Address], frozenset[str]]:
        """All replicas, and the services whose names could not be resolved: of those nothing is known now."""
        ...


class Replicas(Protocol):
    """One look at a replica."""

    async def look(self, address: Address, *, metrics: bool) -> Look:
        """Ask its health, and its metrics too if wanted; whatever goes wrong is part of the look."""
        ...


class Queues(Protocol):
    """The broker's management."""

    async def look(self) -> Sequence[QueueSeen]:
        """All queues. Raises `WatchOutage`."""
        ...


class Postgres(Protocol):
    """The database server, as far as the Observer's role may look."""

    async def look(self) -> DatabaseSeen:
        """Its connections, statements, tables. Raises `WatchOutage`."""
        ...


class AlertRecords(Protocol):
    """Alerts and notices that outlive the process. Every method raises `WatchOutage`."""

    async def open(self) -> tuple[Sequence[Alert], Mapping[str, Notice]]:
        """What is beyond, and what was told of it by group."""
        ...

    async def keep(self, alerts: Sequence[Alert], notices: Sequence[Notice], ended: Sequence[str]) -> None:
        """Keep alerts and notices as they are now; `ended` are the ids of notices that are over."""
        ...

    async def history(
        self, *, since: datetime, until: datetime, service: str | None, limit: int
    ) -> Sequence[Alert]:
        """Alerts that fired in that time, newest first."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop alerts that recovered, and silences that ended, before that; returns how many."""
        ...


class SilenceRecords(Protocol):
    """Silences that outlive the process. Every method raises `WatchOutage`."""

    async def all(self, *, ended_after: datetime) -> Sequence[Silence]:
        """All silences but those that ended before, newest first."""
        ...

    async def keep(self, silence: Silence) -> None:
        """Keep a silence, new or changed."""
        ...


class Lease(Protocol):
    """The lead of the watch, which one Observer has at a time and which expires."""

    async def hold(self) -> bool:
        """Take it or keep it; returns whether this Observer has it. Raises `WatchOutage`."""
        ...

    async def release(self) -> None:
        """Let it go. Raises `WatchOutage`."""
        ...


class Voice(Protocol):
    """How the Observer speaks to the fleet."""

    async def say(self, message_id: str, event: Event) -> None:
        """Say an event once under this id; without the database straight to the broker. Raises `WatchOutage`."""
        ...


class Outside(Protocol):
    """Somebody outside of the house who notices when the Observer falls silent."""

    async def beat(self) -> None:
        """Tell that the watch is kept. Raises `WatchOutage`."""
        ...


class Log(Protocol):
    """Where breaches are logged."""

    def fired(self, alert: Alert, words: str) -> None:
        """Something is beyond its threshold."""
        ...

    def recovered(self, alert: Alert, words: str) -> None:
        """It is well again."""
        ...

    def trouble(self, what: str, error: str) -> None:
        """The Observer cannot do something; it goes on."""
        ...


class SpanStore(Protocol):
    """Where stories that are kept lie. Every method raises `WatchOutage`."""

    async def keep(self, stories: Sequence[KeptStory]) -> None:
        """Keep spans, each once, and what they say of their stories."""
        ...

    async def listed(self, question: StoryQuestion) -> Sequence[StoryLine]:
        """Stories, newest first."""
        ...

    async def spans_of(self, reference: str) -> tuple[StoryLine, Sequence[StorySpan]] | None:
        """A story by its id, or the newest one about something (`lead/ID`); None when none is kept."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop stories that began before that; returns how many."""
        ...


class SpanCounts(Protocol):
    """Where is counted what became of spans."""

    def count(self, outcome: str, spans: int) -> None:
        """`received`, `kept`, `ordinary`, `pushed_out`, `lost` or `rejected`."""
        ...
