"""A histogram as Prometheus keeps it, and what can honestly be read out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log

_POINTS = 24
"""Points within one bucket: enough that a quantile is finer than what a measurement can tell."""
_TAIL = 20.0
"""How far the open bucket at the end may reach, in multiples of its lower bound."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Seconds that were observed: `counts[i]` of them in (bounds[i-1], bounds[i]], one count more for what is longer.

    `total` is their sum, `squares` the sum of their squares where that was measured.
    """

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    total: float
    squares: float | None = None

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.bounds) + 1:
            raise ValueError(
                f"{len(self.bounds)} bounds make {len(self.bounds) + 1} buckets, not {len(self.counts)}"
            )
        if any(count < 0 for count in self.counts):
            raise ValueError("a bucket cannot hold fewer than no observations")

    @property
    def count(self) -> float:
        """How many were observed."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Their mean, in seconds; 0 when there are none."""
        return self.total / self.count if self.count else 0.0

    def points(self) -> Points:
        """A distribution that has this histogram's masses and moments. Raises `ValueError` when it is empty."""
        if not self.count:
            raise ValueError("nothing was observed")
        return _most_open(self)


@dataclass(frozen=True, slots=True)
class Points:
    """A distribution of seconds on points, in rising order; `weights` sum up to 1."""

    seconds: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Its mean, in seconds."""
        return sum(at * weight for at, weight in zip(self.seconds, self.weights, strict=True))

    @property
    def scv(self) -> float:
        """Its squared coefficient of variation."""
        mean = self.mean
        square = sum(at * at * weight for at, weight in zip(self.seconds, self.weights, strict=True))
        return max(0.0, square / mean**2 - 1) if mean else 0.0

    def quantile(self, share: float) -> float:
        """The seconds that this share does not exceed, straight between the points."""
        below, before = 0.0, 0.0
        for at, weight in zip(self.seconds, self.weights, strict=True):
            if weight and below + weight >= share:
                return before + (at - before) * (share - below) / weight
            below, before = below + weight, at
        return self.seconds[-1]

    def later(self, seconds: float) -> Points:
        """The same with so many seconds on top of each."""
        return Points(tuple(at + seconds for at in self.seconds), self.weights) if seconds else self

    def coarser(self, most: int) -> Points:
        """The same in about that many points of equal weight: neighbours are put together at their common mean."""
        seconds, weights = list[float](), list[float]()
        mass = product = 0.0
        for at, weight in zip(self.seconds, self.weights, strict=True):
            if mass and mass + weight > 1 / most:
                seconds.append(product / mass)
                weights.append(mass)
                mass = product = 0.0
            mass, product = mass + weight, product + at * weight
        seconds.append(product / mass)
        weights.append(mass)
        return Points(tuple(seconds), tuple(weights))

    def plus(self, other: Points) -> Points:
        """The distribution of the sum of two independent durations."""
        mine, theirs = self.coarser(80), other.coarser(80)
        sums = sorted(
            (one + two, first * second)
            for one, first in zip(mine.seconds, mine.weights, strict=True)
            for two, second in zip(theirs.seconds, theirs.weights, strict=True)
        )
        return Points(tuple(at for at, _ in sums), tuple(weight for _, weight in sums)).coarser(600)


def _most_open(histogram: Histogram) -> Points:
    """The distribution of greatest entropy with these masses and moments (Jaynes 1957).

    Within each bucket its density is proportional to exp(a·x + b·x²), with one a and b for all of them: the dual of the
    problem is convex in (a, b) and solved by damped Newton steps. Without the sum of squares b is 0. Moments that the
    buckets cannot have (a clock that jumped) leave it as near to them as the buckets allow.
    """
    groups = _grid(histogram)
    scale = histogram.mean or 1.0
    first = histogram.mean / scale
    second = None
    if histogram.squares is not None and isfinite(histogram.squares):
        second = max(histogram.squares / histogram.count / scale**2, first**2)
    a = b = 0.0
    dual, weights, moments = _tilted(groups, scale, a, b)
    dual -= a * first + b * (second or 0.0)
    for _ in range(80):
        gap_a = first - moments[0]
        gap_b = second - moments[1] if second is not None else 0.0
        if max(abs(gap_a), abs(gap_b)) < 1e-6:
            break
        step_a, step_b = _newton(gap_a, gap_b, moments, both=second is not None)
        # The dual is convex: half a step as long as a whole one would lead uphill.
        for _ in range(30):
            value, tried, reached = _tilted(groups, scale, a + step_a, b + step_b)
            value -= (a + step_a) * first + (b + step_b) * (second or 0.0)
            if value <= dual + 1e-12:
                break
            step_a, step_b = step_a / 2, step_b / 2
        else:
            break
        a, b, dual, weights, moments = a + step_a, b + step_b, value, tried, reached
        if max(abs(a), abs(b)) > 1e4:
            break
    seconds = [at for points, _ in groups for at in points]
    return Points(tuple(seconds), tuple(weight for group in weights for weight in group))


def _grid(histogram: Histogram) -> list[tuple[list[float], float]]:
    """Points of each bucket that has a mass, and its mass."""
    groups: list[tuple[list[float], float]] = []
    lower = 0.0
    for index, count in enumerate(histogram.counts):
        last = index == len(histogram.bounds)
        upper = lower * _TAIL if last else histogram.bounds[index]
        if count:
            if last:
                points = [lower * exp(log(_TAIL) * (place + 0.5) / _POINTS) for place in range(_POINTS)]
            else:
                points = [lower + (upper - lower) * (place + 0.5) / _POINTS for place in range(_POINTS)]
            groups.append((points, count / histogram.count))
        lower = upper
    return groups


def _tilted(
    groups: Sequence[tuple[list[float], float]], scale: float, a: float, b: float
) -> tuple[float, list[list[float]], tuple[float, float, float, float, float]]:
    """The logarithm of the normalisation, weights under (a, b), the two moments, three second derivatives of the dual."""
    weights: list[list[float]] = []
    normalisation = 0.0
    m1 = m2 = aa = ab = bb = 0.0
    for points, mass in groups:
        scaled = [at / scale for at in points]
        heights = [a * x + b * x * x for x in scaled]
        top = max(heights)
        raw = [exp(height - top) for height in heights]
        whole = sum(raw)
        normalisation += mass * (top + log(whole))
        shares = [one / whole for one in raw]
        one = sum(share * x for share, x in zip(shares, scaled, strict=True))
        two = sum(share * x**2 for share, x in zip(shares, scaled, strict=True))
        three = sum(share * x**3 for share, x in zip(shares, scaled, strict=True))
        four = sum(share * x**4 for share, x in zip(shares, scaled, strict=True))
        m1, m2 = m1 + mass * one, m2 + mass * two
        aa += mass * (two - one * one)
        ab += mass * (three - one * two)
        bb += mass * (four - two * two)
        weights.append([mass * share for share in shares])
    return normalisation, weights, (m1, m2, aa, ab, bb)


def _newton(
    gap_a: float, gap_b: float, moments: tuple[float, float, float, float, float], *, both: bool
) -> tuple[float, float]:
    _, _, aa, ab, bb = moments
    aa, bb = aa + 1e-12, bb + 1e-12
    if not both:
        return gap_a / aa, 0.0
    determinant = aa * bb - ab * ab
    if determinant <= 1e-18:
        return gap_a / aa, 0.0
    return (gap_a * bb - gap_b * ab) / determinant, (gap_b * aa - gap_a * ab) / determinant
