"""What a queue is asked to do, fitted from what was measured."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from observer.domain.histogram import Histogram, Points
from observer.domain.surges import Calm, without_surges

LEAST_ARRIVALS = 200
"""Fewer messages than this say too little of how they come."""
LEAST_SERVED = 100
"""Fewer than this say too little of how long they take."""
LEAST_INTERVALS = 20
_OF_A_STRETCH = 250
_MOST_STRETCHES = 12
_BLOCKS_FOR_HALF = 20


class TooLittle(ValueError):
    """There is too little evidence to say anything; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was measured of one queue: arrivals per interval of `interval` seconds, in order, and histograms of seconds.

    `waiting` is what waited when the window began, ready and unacknowledged together: only together are they the load
    (those that are being worked on wait for nobody, but hold a server). `transport` is what even a message takes that finds
    a server free: from there to the broker and back a server that is done waits for its next message, too.
    """

    interval: float
    arrivals: tuple[float, ...]
    service: Histogram
    waiting: float = 0.0
    transport: float = 0.0

    @property
    def arrived(self) -> float:
        """How many arrived."""
        return sum(self.arrivals)

    @property
    def seconds(self) -> float:
        """How long was watched."""
        return self.interval * len(self.arrivals)

    @property
    def rate(self) -> float:
        """Arrivals per second, over all of it."""
        return self.arrived / self.seconds if self.arrivals else 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which messages came at one rate, in messages per second; `surge` more came all at once when it began."""

    seconds: float
    rate: float
    surge: float = 0.0


@dataclass(frozen=True, slots=True)
class Demand:
    """What comes and how long it takes, however many serve it.

    `error` is the relative standard error of the utilisation, from how many messages were counted and timed;
    `unsure_batches` is the mean batch size that the counts would also allow, 1 where they say that there are none.
    """

    stretches: tuple[Stretch, ...]
    arrival_scv: float
    batch: float
    service: Points
    waiting: float
    observations: int
    error: float
    unsure_batches: float = 1.0

    @property
    def rate(self) -> float:
        """Messages per second, over all stretches."""
        seconds = sum(stretch.seconds for stretch in self.stretches)
        return sum(stretch.seconds * stretch.rate + stretch.surge for stretch in self.stretches) / seconds

    def scaled(self, factor: float) -> Demand:
        """The same with that many times the arrivals."""
        stretches = tuple(
            Stretch(one.seconds, one.rate * factor, one.surge * factor) for one in self.stretches
        )
        return replace(self, stretches=stretches)

    def waiting_now(self, waiting: float) -> Demand:
        """The same with another backlog at its beginning."""
        return replace(self, waiting=waiting)


def fit(observed: Observed, *, servers: int) -> Demand:
    """The demand behind what was measured while `servers` served it. Raises `TooLittle`."""
    _enough(observed)
    service = observed.service.points().later(observed.transport)
    calm = without_surges(observed.arrivals)
    stretches = _stretches(calm, observed.interval)
    busiest = max(stretch.rate for stretch in stretches) * service.mean / servers
    scale = _scale(observed, service, servers, min(busiest, 0.95))
    shortest = dispersion_of(calm.arrivals, together=1)
    dispersion = _settled(dispersion_of(calm.arrivals, together=scale), shortest, len(calm.arrivals) / scale)
    allowed = max(1.0, (dispersion + 1) / 2)
    batch = 1.0
    seen = observed.rate * observed.interval <= 3
    if seen and shortest > 1.5 and shortest >= 0.7 * dispersion:
        batch = max(1.0, (shortest + 1) / 2)
    error = sqrt(dispersion / observed.arrived + service.scv / observed.service.count)
    return Demand(
        stretches=stretches,
        arrival_scv=1.0 if batch > 1 else dispersion,
        batch=batch,
        service=service,
        waiting=observed.waiting,
        observations=int(observed.arrived),
        error=error,
        unsure_batches=1.0 if batch > 1 or seen or dispersion < 1.5 else allowed,
    )


def dispersion_of(arrivals: Sequence[float], *, together: int) -> float:
    """The index of dispersion of counts, of so many intervals taken together: 1 for Poisson, 0 for a clock.

    For renewals it is, over long intervals, the squared coefficient of variation of the gaps (Cox and Lewis 1966, §4.5;
    Sriram and Whitt 1986). The variance comes from second differences of neighbours (von Neumann 1941, carried on), so that a
    rate that slowly rises is no burst.
    """
    if len(arrivals) < 3 * together or not sum(arrivals):
        return 1.0
    sums = [0.0, *itertools.accumulate(arrivals)]
    # Blocks that begin at every interval, not at every block: a third less noise from the same counts.
    counts = [sums[at + together] - sums[at] for at in range(len(arrivals) - together + 1)]
    mean = sum(counts) / len(counts)
    triples = list(zip(counts, counts[together:], counts[2 * together :], strict=False))
    square = sum((before - 2 * here + after) ** 2 for before, here, after in triples)
    return square / (6 * len(triples)) / mean


def _enough(observed: Observed) -> None:
    if observed.arrived < LEAST_ARRIVALS:
        raise TooLittle(f"{observed.arrived:.0f} messages came, {LEAST_ARRIVALS} are needed")
    if observed.service.count < LEAST_SERVED:
        raise TooLittle(f"{observed.service.count:.0f} messages were timed, {LEAST_SERVED} are needed")
    if len(observed.arrivals) < LEAST_INTERVALS:
        raise TooLittle(f"{len(observed.arrivals)} intervals were counted, {LEAST_INTERVALS} are needed")
    if not observed.service.mean:
        raise TooLittle("the messages took no time that could be measured")


def _scale(observed: Observed, service: Points, servers: int, utilisation: float) -> int:
    """How many intervals make the time over which the queue forgets: bursts matter as far as that, and no further.

    The relaxation time of a queue in heavy traffic grows with E[S]·(1+cs²)/(c·(1−ρ)²) (Whitt 1989); four times that, while
    at least twenty such times were watched, since a variance of fewer says nothing.
    """
    relaxation = service.mean * (1 + service.scv) / (servers * (1 - utilisation) ** 2)
    return max(1, min(round(4 * relaxation / observed.interval), len(observed.arrivals) // LEAST_INTERVALS))


def _settled(long: float, short: float, blocks: float) -> float:
    """The dispersion over the time that the queue forgets in, as far as so many blocks can tell it; else that of single intervals.

    A variance of n second differences is known to about √(3/n) of itself: of twenty blocks to 40 %, which would make a steady
    stream a regular or a bursty one by chance.
    """
    weight = blocks / (blocks + _BLOCKS_FOR_HALF)
    return weight * long + (1 - weight) * short


def _stretches(calm: Calm, interval: float) -> tuple[Stretch, ...]:
    """Stretches of one rate: neighbours whose rates differ by no more than noise are one, unless a surge lies between."""
    arrivals, length = calm.arrivals, len(calm.arrivals)
    parts = int(max(1, min(_MOST_STRETCHES, sum(arrivals) // _OF_A_STRETCH, length // 5)))
    noise = max(1.0, dispersion_of(arrivals, together=max(1, length // 60)))
    cuts = sorted({*(round(index * length / parts) for index in range(parts + 1)), *calm.surges})
    merged: list[tuple[float, float, float]] = []
    for begin, end in itertools.pairwise(cuts):
        seconds, count = (end - begin) * interval, sum(arrivals[begin:end])
        surge = calm.surges.get(begin, 0.0)
        if merged and not surge:
            before_seconds, before, surged = merged[-1]
            gap = abs(count / seconds - before / before_seconds)
            spread = sqrt(noise * max(count, 1.0) / seconds**2 + noise * max(before, 1.0) / before_seconds**2)
            if gap < 4 * spread:
                merged[-1] = (before_seconds + seconds, before + count, surged)
                continue
        merged.append((seconds, count, surge))
    return tuple(Stretch(seconds, count / seconds, surge) for seconds, count, surge in merged)
