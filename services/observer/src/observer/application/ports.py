"""What the Observer needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from observer.domain.series import Distribution, Line, Sample, Selector, Series, Span


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
