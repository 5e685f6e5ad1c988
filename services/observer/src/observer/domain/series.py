"""What is measured, over time: series, their samples, and the arithmetic of windows.

A series has a name and labels. A gauge is read as it is; a counter only rises, and falls to nothing when its process
starts anew; a histogram is a set of counters, one per upper bound, and the sum of what was observed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, isfinite
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]
Labels = tuple[tuple[str, str], ...]
LOOK_BACK = timedelta(minutes=5)
"""How far back the sample before a window may lie, so that what rose since is counted; Prometheus has the same."""


@dataclass(frozen=True, slots=True)
class Series:
    """A series: its name, its labels (sorted), its kind; a histogram has upper bounds, the last of which is infinite."""

    name: str
    labels: Labels = ()
    kind: Kind = "gauge"
    bounds: tuple[float, ...] = ()

    @classmethod
    def of(
        cls, name: str, labels: Mapping[str, str], kind: Kind = "gauge", bounds: Sequence[float] = ()
    ) -> Series:
        """A series by its labels in any order."""
        return cls(name, tuple(sorted(labels.items())), kind, tuple(bounds))

    def label(self, name: str) -> str:
        """The value of a label; empty when it has none, as with Prometheus."""
        return next((value for known, value in self.labels if known == name), "")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a series showed at a moment: a value; of a histogram the sum, and the cumulative counts by bound."""

    at: datetime
    value: float
    counts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """Which series are meant: a name, and labels that must be one of the given values."""

    name: str
    labels: Mapping[str, str | Sequence[str]] = field(default_factory=dict[str, "str | Sequence[str]"])

    def takes(self, series: Series) -> bool:
        """Whether a series is one of those."""
        return series.name == self.name and all(
            series.label(name) in ((wanted,) if isinstance(wanted, str) else wanted)
            for name, wanted in self.labels.items()
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of time, cut into steps: from `since` until before `until`."""

    since: datetime
    until: datetime
    step: timedelta

    @classmethod
    def whole(cls, since: datetime, until: datetime) -> Span:
        """One step from the beginning to the end."""
        return cls(since, until, until - since)

    @property
    def steps(self) -> list[datetime]:
        """The moments at which steps begin."""
        found, at = list[datetime](), self.since
        while at < self.until:
            found.append(at)
            at += self.step
        return found


@dataclass(frozen=True, slots=True)
class Point:
    """A value of the step that begins at `at`."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Line:
    """A series through time: one point for each step that has anything."""

    series: Series
    points: tuple[Point, ...]

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.points[-1].value if self.points else None


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram counted within one step: per bound how many were not above it (cumulative), and their sum."""

    series: Series
    at: datetime
    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    total: float
    """The sum of what was observed."""

    @property
    def count(self) -> float:
        """How many were observed."""
        return self.counts[-1] if self.counts else 0.0

    @property
    def mean(self) -> float | None:
        """Their mean; None when there were none."""
        return self.total / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The value under which this share lies; None when nothing was observed."""
        return quantile(self.bounds, self.counts, share)


def increase(before: float | None, values: Iterable[float]) -> float:
    """By how much a counter rose over its values; a value below the one before is a start from nothing.

    `before` is the value right before the first; without it the first is where counting begins.
    """
    total = 0.0
    for value in values:
        if before is not None:
            total += value - before if value >= before else value
        before = value
    return total


def increases(before: Sequence[float] | None, samples: Iterable[Sequence[float]]) -> tuple[float, ...]:
    """The same for each bound of a histogram; one that shrank in any bound started from nothing in all."""
    total: list[float] = []
    for counts in samples:
        total = total or [0.0] * len(counts)
        if before is not None and len(before) == len(counts):
            anew = any(now < then for now, then in zip(counts, before, strict=True))
            base = [0.0] * len(counts) if anew else before
            total = [sum_ + now - then for sum_, now, then in zip(total, counts, base, strict=True)]
        before = counts
    return tuple(total)


def quantile(bounds: Sequence[float], counts: Sequence[float], share: float) -> float | None:
    """A quantile of cumulative counts: straight between the bounds of the bucket it falls into.

    As Prometheus' `histogram_quantile`: the lowest bucket begins at 0, and of the last, which has no end, its beginning
    is told. None when nothing was counted.
    """
    if not counts or counts[-1] <= 0:
        return None
    rank = share * counts[-1]
    place = next((i for i, count in enumerate(counts) if count >= rank), len(counts) - 1)
    if not isfinite(bounds[place]):
        return bounds[place - 1] if place else None
    lower = bounds[place - 1] if place else min(0.0, bounds[0])
    below = counts[place - 1] if place else 0.0
    inside = counts[place] - below
    if inside <= 0:
        return bounds[place]
    return lower + (bounds[place] - lower) * (rank - below) / inside


def slope_per_hour(points: Sequence[Point]) -> float | None:
    """By how much a value rises per hour: the least-squares line; None for fewer than three points or no time."""
    if len(points) < 3:
        return None
    first = points[0].at
    hours = [(point.at - first).total_seconds() / 3600 for point in points]
    mean_x, mean_y = sum(hours) / len(hours), sum(point.value for point in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x in hours)
    if spread == 0:
        return None
    together = sum((x - mean_x) * (point.value - mean_y) for x, point in zip(hours, points, strict=True))
    return together / spread


def rates(lines: Iterable[Line], step: timedelta) -> list[Line]:
    """Increases per step as rates per second."""
    seconds = step.total_seconds()
    return [
        Line(line.series, tuple(Point(point.at, point.value / seconds) for point in line.points))
        for line in lines
    ]


def together(
    lines: Iterable[Line], by: Sequence[str], how: Callable[[list[float]], float] = sum
) -> list[Line]:
    """Lines that agree in the labels `by` as one, point by point: their sum unless told otherwise (`max`, `min`)."""
    groups: dict[Series, dict[datetime, list[float]]] = {}
    for line in lines:
        points = groups.setdefault(_reduced(line.series, by), {})
        for point in line.points:
            points.setdefault(point.at, []).append(point.value)
    return [
        Line(series, tuple(Point(at, how(values)) for at, values in sorted(points.items())))
        for series, points in groups.items()
    ]


def merged(distributions: Iterable[Distribution], by: Sequence[str]) -> list[Distribution]:
    """Distributions of one step that agree in the labels `by` as one; other bounds than the first's are left out."""
    found: dict[tuple[Series, datetime], Distribution] = {}
    for one in distributions:
        key = (_reduced(one.series, by), one.at)
        known = found.get(key)
        if known is None:
            found[key] = Distribution(key[0], one.at, one.bounds, one.counts, one.total)
        elif known.bounds == one.bounds:
            counts = tuple(a + b for a, b in zip(known.counts, one.counts, strict=True))
            found[key] = Distribution(key[0], one.at, one.bounds, counts, known.total + one.total)
    return list(found.values())


def _reduced(series: Series, by: Sequence[str]) -> Series:
    kept = {name: value for name in by if (value := series.label(name))}
    return Series.of(series.name, kept, series.kind, series.bounds)


INFINITE = inf
"""The upper bound of a histogram's last bucket."""
