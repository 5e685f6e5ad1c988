"""From measured series to what the queueing model is fitted to."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.application.ports import SeriesReader
from observer.domain.demand import LEAST_SERVED, Observed
from observer.domain.histogram import Histogram
from observer.domain.scaling import Change
from observer.domain.series import Distribution, Line, Selector, Span, merged, together

HANDLED = "frontdesk_messages_handled_total"
SECONDS = "frontdesk_message_seconds"
SQUARES = "frontdesk_message_seconds_squared_total"
WAITED = "frontdesk_message_wait_seconds"
SERVERS = "frontdesk_message_servers"
RUNNING = "frontdesk_replica_up"
READY, UNACKNOWLEDGED = "frontdesk_queue_ready", "frontdesk_queue_unacknowledged"
"""What lies in a queue is both together: ready alone would hide what busy replicas hold."""
MOST_TRANSPORT = 0.05
"""Seconds: a broker and a network that take longer are not well, and what looks like it is a queue."""


@dataclass(frozen=True, slots=True)
class QueueEvidence:
    """What was measured of one message that a service hears, over a window."""

    message: str
    observed: Observed
    waits: Histogram | None
    servers: int
    """How many are handled at once, by one replica."""
    waiting: float
    """What waits at the end of the window."""

    @property
    def p95(self) -> float | None:
        """The measured p95 in seconds from arrival to end: waiting and work are independent of each other in a queue that
        serves in order of arrival, so that the distribution of their sum is known from theirs."""
        if not self.observed.service.count or self.waits is None or not self.waits.count:
            return None
        return self.waits.points().plus(self.observed.service.points()).quantile(0.95)


class GatherEvidence:
    """Reads a service's queues; every method raises `WatchOutage`."""

    def __init__(self, reader: SeriesReader) -> None:
        self._reader = reader

    async def queues(self, service: str, span: Span) -> list[QueueEvidence]:
        """The evidence on each message that a service handled within the span."""
        of = {"service": service}
        whole = Span.whole(span.since, span.until)
        handled = _by_message(await self._reader.increases(Selector(HANDLED, of), span))
        seconds = _merged(await self._reader.distributions(Selector(SECONDS, of), whole))
        squares = _by_message(await self._reader.increases(Selector(SQUARES, of), whole))
        waits = _merged(await self._reader.distributions(Selector(WAITED, of), whole))
        servers = await self._reader.window(Selector(SERVERS, of), whole)
        found: list[QueueEvidence] = []
        for message, done in sorted(handled.items()):
            depths = await self._depths(f"{service}.{message}", span)
            arrivals, before = arrived(_steps([done], span), depths)
            service_times = seconds.get(message)
            if service_times is None:
                continue
            square = squares.get(message)
            waited = _histogram(waits[message], None) if message in waits else None
            found.append(
                QueueEvidence(
                    message=message,
                    observed=Observed(
                        span.step.total_seconds(),
                        tuple(arrivals),
                        _histogram(
                            service_times, square.points[-1].value if square and square.points else None
                        ),
                        before,
                        _transport(waited),
                    ),
                    waits=waited,
                    servers=max([1, *(int(line.last or 1) for line in servers if _message(line) == message)]),
                    waiting=next((depth for depth in reversed(depths) if depth is not None), 0.0),
                )
            )
        return found

    async def replicas(self, service: str, since: datetime, until: datetime) -> tuple[int, list[Change]]:
        """How many processes run a service at the end, and each change before, by the minute."""
        span = Span(since.replace(second=0, microsecond=0), until, timedelta(minutes=1))
        lines = await self._reader.window(Selector(RUNNING, {"service": service}), span)
        running: dict[datetime, int] = {}
        for line in lines:
            for point in line.points:
                running[point.at] = running.get(point.at, 0) + (point.value >= 0.5)
        counts = sorted(running.items())
        if len(counts) > 1 and counts[-1][0] == span.steps[-1]:
            counts.pop()  # the minute that has just begun has not heard of everyone yet
        changes = [Change(at, now) for (_, before), (at, now) in itertools.pairwise(counts) if now != before]
        return (counts[-1][1] if counts else 0), changes

    async def _depths(self, queue: str, span: Span) -> list[float | None]:
        """What lay in a queue at each step; a step without a reading shows what the one before did."""
        depths: list[float | None] = [None] * len(span.steps)
        for name in (READY, UNACKNOWLEDGED):
            for line in await self._reader.window(Selector(name, {"queue": queue}), span):
                last: float | None = None
                for index, value in enumerate(_steps([line], span)):
                    last = value if value is not None else last
                    if last is not None:
                        depths[index] = (depths[index] or 0.0) + last
        return depths


def arrived(handled: Sequence[float | None], depths: Sequence[float | None]) -> tuple[list[float], float]:
    """Arrivals per step, and what lay in the queue before the first: what was handled, and what the queue grew by.

    A queue is looked at a moment before or after its consumers are; what would be less than nothing is carried on.
    """
    arrivals: list[float] = []
    last = next((depth for depth in depths if depth is not None), None)
    before, owed = last or 0.0, 0.0
    for done, depth in zip(handled, depths, strict=True):
        grown = depth - last if depth is not None and last is not None else 0.0
        came = (done or 0.0) + grown + owed
        owed, last = min(0.0, came), depth if depth is not None else last
        arrivals.append(max(0.0, came))
    return arrivals, before


def _by_message(lines: Sequence[Line]) -> dict[str, Line]:
    return {_message(line): line for line in together(lines, ("message",)) if _message(line)}


def _merged(distributions: Sequence[Distribution]) -> dict[str, Distribution]:
    return {one.series.label("message"): one for one in merged(distributions, ("message",))}


def _message(line: Line) -> str:
    return line.series.label("message")


def _steps(lines: Sequence[Line], span: Span) -> list[float | None]:
    known = {point.at: point.value for line in lines for point in line.points}
    return [known.get(step) for step in span.steps]


def _transport(waits: Histogram | None) -> float:
    """The wait of those that found a server free: one in twenty, unless nearly all had to wait."""
    if waits is None or waits.count < LEAST_SERVED:
        return 0.0
    return min(waits.points().quantile(0.05), MOST_TRANSPORT)


def _histogram(distribution: Distribution, squares: float | None) -> Histogram:
    counts = [
        now - before for before, now in zip([0.0, *distribution.counts], distribution.counts, strict=False)
    ]
    return Histogram(
        distribution.bounds[:-1], tuple(max(0.0, count) for count in counts), distribution.total, squares
    )
