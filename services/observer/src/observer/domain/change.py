"""Since when, and whether for sure: a change within a series, and a difference between two.

Both tests look at ranks alone, so that one outlier, and the skew that all durations have, decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, sqrt
from statistics import median
from typing import Literal

SURE = 0.01
"""A difference that chance brings forth less often than this is taken for one."""
WORTH = 0.05
"""A change of the median by less than this share is none that matters, however sure it is."""
FEWEST = 8

Judgement = Literal["improved", "unchanged", "worse", "too_little"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two samples of the same measurement: medians, the probability of such a difference by chance, what follows."""

    before: float
    after: float
    probability: float
    judgement: Judgement
    count_before: int
    count_after: int


def change_point(values: Sequence[float]) -> tuple[int, float] | None:
    """Where a series changed its level: the first index of the new one and the chance of such a change without a cause.

    Pettitt's test (A. N. Pettitt, Applied Statistics 28 (1979), 126–135). None where there is no change, or too few values.
    """
    count = len(values)
    if count < 2 * FEWEST:
        return None
    ranks = _ranks(values)
    best, place, running = 0.0, 0, 0.0
    for index, rank in enumerate(ranks[:-1]):
        running += rank
        statistic = abs(2 * running - (index + 1) * (count + 1))
        if statistic > best:
            best, place = statistic, index + 1
    chance = min(1.0, 2 * exp(-6 * best**2 / (count**3 + count**2)))
    return (place, chance) if chance < SURE else None


def compare(before: Sequence[float], after: Sequence[float]) -> Comparison:
    """Whether what was measured after a change is lower (improved) or higher (worse) than before, beyond noise.

    Two-sided Mann–Whitney test (Annals of Mathematical Statistics 18 (1947), 50–60), normal approximation with ties and
    continuity correction. The values are quantiles of equal steps, far enough apart that they depend little on each other.
    """
    if len(before) < FEWEST or len(after) < FEWEST:
        first = median(before) if before else 0.0
        return Comparison(first, median(after) if after else 0.0, 1.0, "too_little", len(before), len(after))
    chance = mann_whitney(before, after)
    first, second = median(before), median(after)
    judgement: Judgement = "unchanged"
    if chance < SURE and abs(second - first) > WORTH * max(first, second):
        judgement = "improved" if second < first else "worse"
    return Comparison(first, second, chance, judgement, len(before), len(after))


def mann_whitney(before: Sequence[float], after: Sequence[float]) -> float:
    """The probability that two samples of one distribution differ as much as these, in either direction."""
    first, second = len(before), len(after)
    both = [*before, *after]
    statistic = sum(_ranks(both)[:first]) - first * (first + 1) / 2
    count = first + second
    ties = sum(found**3 - found for found in Counter(both).values())
    variance = first * second / 12 * (count + 1 - ties / (count * (count - 1)))
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(statistic - first * second / 2) - 0.5) / sqrt(variance)
    return min(1.0, erfc(distance / sqrt(2)))


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + end) / 2 + 1
        start = end + 1
    return ranks
