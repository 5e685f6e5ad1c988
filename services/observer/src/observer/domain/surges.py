"""Messages that came all at once: a mailbox that was locked, an import, a service that was down; no burst of a stream.

A stream's bursts are told by the variance of its counts. One moment that alone makes more of that variance than all others
together belongs to no stream of one variance (the largest deviation of n alike ones makes about 2·ln(n)/n of their sum of
squares): it is taken out, and is a backlog that stands there from that moment on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

_AROUND = 10
"""Intervals on either side that say what is usual."""
_LONGEST = 4
"""Intervals over which a surge may be spread; what goes on for longer is a rate."""
_MOST = 6
"""Surges in one window; what comes more often is a burst."""
_LEAST = 5.0
"""Standard deviations of a Poisson stream above what is usual: less is looked at by nobody."""


@dataclass(frozen=True, slots=True)
class Calm:
    """Arrivals without their surges, and the surges: how many messages came at once, by the interval they began in."""

    arrivals: tuple[float, ...]
    surges: dict[int, float]


def without_surges(arrivals: Sequence[float]) -> Calm:
    """Take out what came all at once; without such moments everything stays as it is."""
    usual = [median(arrivals[max(0, at - _AROUND) : at + _AROUND + 1]) for at in range(len(arrivals))]
    excess = [came - mean for came, mean in zip(arrivals, usual, strict=True)]
    peaks = sorted(_peaks(excess, usual), key=lambda peak: sum(excess[at] for at in peak), reverse=True)
    squares = sum(one * one for one in excess)
    taken = 0
    for count, peak in enumerate(peaks[:_MOST], start=1):
        squares -= sum(excess[at] ** 2 for at in peak)
        if sum(excess[at] for at in peak) ** 2 > max(squares, 0.0):
            taken = count
    calm, surges = list(arrivals), dict[int, float]()
    for peak in peaks[:taken]:
        surges[peak.start] = sum(excess[at] for at in peak)
        for at in peak:
            calm[at] = usual[at]
    return Calm(tuple(calm), surges)


def _peaks(excess: Sequence[float], usual: Sequence[float]) -> list[range]:
    """Neighbouring intervals in which far more came than around them."""
    found, begin = list[range](), None
    for at, (more, mean) in enumerate([*zip(excess, usual, strict=True), (0.0, 1.0)]):
        high = more > _LEAST * sqrt(max(mean, 1.0))
        if high and begin is None:
            begin = at
        if not high and begin is not None:
            if at - begin <= _LONGEST:
                found.append(range(begin, at))
            begin = None
    return found
