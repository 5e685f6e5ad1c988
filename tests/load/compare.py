"""`python tests/load/compare.py --base FILE... --head FILE...`: whether a branch is slower than what it wants to go into.

Each file is what one `make bench` kept; the runs of both take turns on one machine. A figure is compared by its ratio to the
floor, which was measured in the same run and takes the machine's mood with it; where there is no floor, by its value.
It has regressed when it is worse by more than a tenth and the Mann-Whitney test says that this is no chance
(Mann, Whitney 1947; one-sided, all divisions of the runs counted, so that few runs are enough).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from figures import EXPECTED, Figure, short_of

LEAST_RUNS = 4
"""Of each side. With four and four the most that can be said is p = 1/70."""
CHANCE = 0.02
WORSE_BY = 0.10


@dataclass(frozen=True)
class Compared:
    """One figure of both sides."""

    name: str
    base: float
    head: float
    worse_by: float
    """A share of the base; below nothing it is better."""
    chance: float
    """How likely it is that runs of the same speed come out so."""

    @property
    def regressed(self) -> bool:
        """Whether it is worse by more than noise."""
        return self.worse_by > WORSE_BY and self.chance <= CHANCE

    def __str__(self) -> str:
        verdict = "REGRESSED" if self.regressed else "ok"
        return f"{verdict:9} {self.name}: {self.base:g} -> {self.head:g} (worse by {self.worse_by:+.1%}, p = {self.chance:.3f})"


def compare(base: Sequence[Sequence[Figure]], head: Sequence[Sequence[Figure]]) -> list[Compared]:
    """The figures that both sides have in every run. Raises `ValueError` when there are too few runs to tell."""
    if min(len(base), len(head)) < LEAST_RUNS:
        raise ValueError(
            f"{len(base)} runs of the base and {len(head)} of the head: {LEAST_RUNS} of each are the least"
        )
    before, after = _by_name(base), _by_name(head)
    return [_compared(name, before[name], after[name]) for name in before if name in after]


def chance_of(worse: Sequence[float], better: Sequence[float]) -> float:
    """How likely the first are as much above the second, or more, when both come from one distribution."""
    pooled = [*worse, *better]
    seen = _wins(worse, better)
    divisions = list(combinations(range(len(pooled)), len(worse)))
    as_much = 0
    for chosen in divisions:
        others = [pooled[place] for place in range(len(pooled)) if place not in chosen]
        as_much += _wins([pooled[place] for place in chosen], others) >= seen
    return as_much / len(divisions)


def _wins(some: Sequence[float], others: Sequence[float]) -> float:
    return sum((one > other) + 0.5 * (one == other) for one in some for other in others)


def _compared(name: str, base: Sequence[Figure], head: Sequence[Figure]) -> Compared:
    before, after = [_seen(figure) for figure in base], [_seen(figure) for figure in head]
    old, new = statistics.median(before), statistics.median(after)
    if _more_is_better(base[0]):
        return Compared(name, old, new, (old - new) / old if old else 0.0, chance_of(before, after))
    return Compared(name, old, new, (new - old) / old if old else 0.0, chance_of(after, before))


def _seen(figure: Figure) -> float:
    return figure.value if figure.ratio is None else figure.ratio


def _more_is_better(figure: Figure) -> bool:
    expected = EXPECTED.get(figure.name)
    if expected is not None:
        return expected.at_least is not None
    return figure.unit.endswith("/s")


def _by_name(runs: Sequence[Sequence[Figure]]) -> Mapping[str, list[Figure]]:
    found: dict[str, list[Figure]] = {}
    for run in runs:
        for figure in run:
            found.setdefault(figure.name, []).append(figure)
    return {name: figures for name, figures in found.items() if len(figures) == len(runs)}


def medians(runs: Sequence[Sequence[Figure]]) -> list[Figure]:
    """One figure of several runs: the median of the values, the median of the ratios."""
    return [
        Figure(
            name, statistics.median(one.value for one in figures), figures[0].unit,
            ratio=None if figures[0].ratio is None else statistics.median(one.ratio or 0.0 for one in figures),
        )
        for name, figures in _by_name(runs).items()
    ]  # fmt: skip


def read(file: Path) -> list[Figure]:
    """What a run kept."""
    return [Figure(**figure) for figure in json.loads(file.read_text())]


def main() -> int:
    """Print the comparison; exit code 1 on a regression or on a figure beyond its threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", nargs="+", type=Path, required=True, help="what the runs of the base kept")
    parser.add_argument(
        "--head", nargs="+", type=Path, required=True, help="what the runs of the branch kept"
    )
    options = parser.parse_args()
    base, head = [read(file) for file in options.base], [read(file) for file in options.head]
    compared = compare(base, head)
    for one in compared:
        print(one)
    short = short_of(medians(head))
    for sentence in short:
        print(f"beyond its threshold in deploy/observer_config.json: {sentence}")
    return 1 if short or any(one.regressed for one in compared) else 0


if __name__ == "__main__":
    sys.exit(main())
