"""The last minutes of every series in memory: what is judged needs no database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from observer.domain.series import (
    Distribution,
    Point,
    Sample,
    Selector,
    Series,
    increase,
    increases,
)


@dataclass(slots=True)
class Recent:
    """Samples of the last `span`, of at most `most` series; a counter that did not rise is not kept."""

    span: timedelta
    most: int = 50_000
    refused: int = 0
    """Samples of series for which there was no room."""
    _samples: dict[Series, deque[Sample]] = field(default_factory=dict[Series, deque[Sample]])
    _names: dict[str, dict[Series, None]] = field(default_factory=dict[str, dict[Series, None]])
    _seen: dict[Series, datetime] = field(default_factory=dict[Series, datetime])

    def __len__(self) -> int:
        return len(self._samples)

    def add(
        self, samples: Iterable[tuple[Series, Sample]], born: datetime | None = None
    ) -> list[tuple[Series, Sample]]:
        """Take samples in; returns those that say something new.

        `born`: when their source was looked at before. A counter that it did not have then has risen from nothing
        since: that it was nothing is noted, else its first rise (the first error) would never be counted.
        """
        new: list[tuple[Series, Sample]] = []
        for series, sample in samples:
            known = self._samples.get(series)
            if known is None:
                if len(self._samples) >= self.most:
                    self.refused += 1
                    continue
                known = self._samples[series] = deque()
                self._names.setdefault(series.name, {})[series] = None
                if born is not None and series.kind != "gauge":
                    zero = Sample(born, 0.0, (0.0,) * len(sample.counts))
                    known.append(zero)
                    new.append((series, zero))
            self._seen[series] = sample.at
            # Of a gauge every reading counts: means are made of them.
            if (
                series.kind != "gauge"
                and known
                and known[-1].value == sample.value
                and known[-1].counts == sample.counts
            ):
                continue
            known.append(sample)
            new.append((series, sample))
        return new

    def forget(self, at: datetime) -> None:
        """Drop what is older than the span, but for the last sample before it: rises are counted from there."""
        since = at - self.span
        for series, known in list(self._samples.items()):
            while len(known) > 1 and known[1].at <= since:
                known.popleft()
            if self._seen[series] < since:
                del self._samples[series], self._seen[series], self._names[series.name][series]

    def refreshed(self, before: datetime) -> list[tuple[Series, Sample]]:
        """Of counters that were seen since: the newest sample, as of when it was seen. For stores that want signs of life."""
        return [
            (series, replace(known[-1], at=self._seen[series]))
            for series, known in self._samples.items()
            if series.kind != "gauge" and self._seen[series] >= before
        ]

    def series(self, selector: Selector) -> Iterator[Series]:
        """The series that are meant."""
        return (one for one in self._names.get(selector.name, ()) if selector.takes(one))

    def last(self, series: Series) -> Sample | None:
        """The newest sample of a series."""
        known = self._samples.get(series)
        return known[-1] if known else None

    def seen(self, series: Series) -> datetime | None:
        """When a series was last there, whether it showed anything new or not."""
        return self._seen.get(series)

    def points(self, series: Series, since: datetime) -> list[Point]:
        """The values since a moment; a counter that did not rise has its value at the end, too."""
        known = self._samples.get(series, ())
        found = [Point(sample.at, sample.value) for sample in known if sample.at >= since]
        seen = self._seen.get(series)
        if known and seen is not None and seen >= since and (not found or found[-1].at < seen):
            found.append(Point(seen, known[-1].value))
        return found

    def increase(self, series: Series, since: datetime) -> float:
        """By how much a counter rose since a moment."""
        before, inside = self._split(series, since)
        return increase(before.value if before else None, [sample.value for sample in inside])

    def distribution(self, series: Series, since: datetime) -> Distribution:
        """What a histogram counted since a moment."""
        before, inside = self._split(series, since)
        counts = increases(before.counts if before else None, [sample.counts for sample in inside])
        total = increase(before.value if before else None, [sample.value for sample in inside])
        return Distribution(series, since, series.bounds, counts, total)

    def _split(self, series: Series, since: datetime) -> tuple[Sample | None, list[Sample]]:
        before: Sample | None = None
        inside: list[Sample] = []
        for sample in self._samples.get(series, ()):
            if sample.at < since:
                before = sample
            else:
                inside.append(sample)
        return before, inside
