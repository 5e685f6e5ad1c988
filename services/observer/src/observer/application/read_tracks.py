"""From measured series to tracks: one measurement of one thing through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from observer.application.gather_evidence import HANDLED, SECONDS, WAITED
from observer.application.ports import SeriesReader
from observer.domain.bottlenecks import Track
from observer.domain.findings import FindingKind, How, Measurement, Unit
from observer.domain.series import Line, Point, Selector, Series, Span, merged, together

REQUESTS = "frontdesk_http_request_seconds"
DATABASE = "frontdesk_database_seconds"
POOL_IN_USE, POOL_SIZE = "frontdesk_database_pool_in_use", "frontdesk_database_pool_size"
MEMORY = "process_resident_memory_bytes"
_HISTOGRAMS: Sequence[tuple[FindingKind, str, tuple[str, ...]]] = (
    ("slow_endpoint", REQUESTS, ("service", "method", "route")),
    ("slow_handler", SECONDS, ("service", "message")),
    ("queue_wait", WAITED, ("service", "message")),
)
_SHARES: Sequence[tuple[FindingKind, str]] = (("retries", "retried"), ("dead_letters", "dead"))


class ReadTracks:
    """Reads all tracks of a span; every method raises `WatchOutage`."""

    def __init__(self, reader: SeriesReader) -> None:
        self._reader = reader

    async def all(self, span: Span) -> list[Track]:
        """Everything that a report looks at."""
        tracks = list[Track]()
        for kind, metric, by in _HISTOGRAMS:
            tracks += await self._quantiles(kind, Selector(metric), by, span)
        tracks += await self._shares({}, span)
        tracks += await self._gauge("slow_database", DATABASE, "s", span)
        tracks += await self._pools({}, span)
        return tracks + await self._memory({}, span)

    async def again(self, kind: FindingKind, measurement: Measurement, span: Span) -> list[float]:
        """The same measurement in another span: its value in each step that has one."""
        labels = dict(measurement.labels)
        for known, metric, by in _HISTOGRAMS:
            if known == kind:
                return _values(await self._quantiles(kind, Selector(metric, labels), by, span))
        if kind in ("retries", "dead_letters"):
            return _values([track for track in await self._shares(labels, span) if track.kind == kind])
        if kind == "slow_database":
            return _values(await self._gauge(kind, DATABASE, "s", span, labels))
        if kind == "pool_exhausted":
            return _values(await self._pools(labels, span))
        return _values(await self._memory(labels, span))

    async def _quantiles(
        self, kind: FindingKind, selector: Selector, by: tuple[str, ...], span: Span
    ) -> list[Track]:
        points: dict[Series, list[Point]] = {}
        counts: dict[Series, float] = {}
        for one in merged(await self._reader.distributions(selector, span), by):
            value = one.quantile(0.95)
            if value is not None:
                points.setdefault(one.series, []).append(Point(one.at, value))
                counts[one.series] = counts.get(one.series, 0.0) + one.count
        return [
            _track(
                kind,
                series,
                " ".join(series.label(name) for name in by[1:]),
                "p95",
                "s",
                found,
                counts[series],
            )
            for series, found in points.items()
        ]

    async def _shares(self, labels: Mapping[str, str], span: Span) -> list[Track]:
        lines = await self._reader.increases(Selector(HANDLED, labels), span)
        outcomes = {line.series: line for line in together(lines, ("service", "message", "outcome"))}
        tracks = list[Track]()
        for line in together(lines, ("service", "message")):
            whole = {point.at: point.value for point in line.points if point.value}
            for kind, outcome in _SHARES:
                of = {**dict(line.series.labels), "outcome": outcome}
                found = outcomes.get(Series.of(HANDLED, of, line.series.kind, line.series.bounds))
                if found is None:
                    continue
                parts = {point.at: point.value for point in found.points}
                shares = [Point(at, parts.get(at, 0.0) / count) for at, count in whole.items()]
                message = line.series.label("message")
                tracks.append(
                    _track(kind, line.series, message, "share", "share", shares, sum(whole.values()))
                )
        return tracks

    async def _gauge(
        self, kind: FindingKind, metric: str, unit: Unit, span: Span, labels: Mapping[str, str] | None = None
    ) -> list[Track]:
        lines = together(await self._reader.window(Selector(metric, labels or {}), span), ("service",), max)
        return [_track(kind, line.series, "database", "mean", unit, line.points) for line in lines]

    async def _pools(self, labels: Mapping[str, str], span: Span) -> list[Track]:
        used = together(await self._reader.window(Selector(POOL_IN_USE, labels), span), ("service",))
        sizes = {
            line.series.label("service"): line
            for line in together(await self._reader.window(Selector(POOL_SIZE, labels), span), ("service",))
        }
        tracks = list[Track]()
        for line in used:
            size = {point.at: point.value for point in sizes.get(line.series.label("service"), line).points}
            shares = [Point(one.at, one.value / size[one.at]) for one in line.points if size.get(one.at)]
            track = _track("pool_exhausted", line.series, "database", "share", "share", shares)
            tracks.append(_with_servers(track, int(max(size.values(), default=1.0))))
        return tracks

    async def _memory(self, labels: Mapping[str, str], span: Span) -> list[Track]:
        lines = await self._reader.window(Selector(MEMORY, labels), span)
        tracks = list[Track]()
        for line in lines:
            slopes = _slopes(line, max(4, int(timedelta(hours=2) / span.step)))
            process = line.series.label("process") or line.series.label("instance")
            tracks.append(_track("memory_growth", line.series, process, "rate", "bytes/h", slopes))
        return tracks


def _slopes(line: Line, apart: int) -> list[Point]:
    """By how many bytes per hour memory rose over so many steps; a leak rises in nearly all of them."""
    return [
        Point(now.at, (now.value - before.value) / max((now.at - before.at).total_seconds() / 3600, 1e-9))
        for before, now in zip(line.points, line.points[apart:], strict=False)
    ]


def _track(
    kind: FindingKind, series: Series, subject: str, how: How, unit: Unit, points: Sequence[Point], count: float = 0.0
) -> Track:  # fmt: skip
    measurement = Measurement(series.name, series.labels, how, unit)
    service = series.label("service") or series.label("process")
    return Track(
        kind, service, subject, measurement, tuple(sorted(points, key=lambda point: point.at)), count
    )


def _with_servers(track: Track, servers: int) -> Track:
    return Track(
        track.kind,
        track.service,
        track.subject,
        track.measurement,
        track.points,
        track.count,
        servers=servers,
    )


def _values(tracks: Sequence[Track]) -> list[float]:
    values: dict[datetime, float] = {}
    for track in tracks:
        for point in track.points:
            values[point.at] = max(point.value, values.get(point.at, point.value))
    return [value for _, value in sorted(values.items())]
