"""What a measurement yields, what is expected of it, and how it is shown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One measured value beside its floor: the same thing done bare, in the same run."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class Expectation:
    """What a figure must reach: its ratio to the floor, or its value."""

    of: Literal["ratio", "value"]
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, figure: Figure) -> bool:
        """Whether the figure is good enough."""
        seen = figure.ratio if self.of == "ratio" else figure.value
        if seen is None:
            return False
        return (self.at_least is None or seen >= self.at_least) and (
            self.at_most is None or seen <= self.at_most
        )

    def __str__(self) -> str:
        bound = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
        return f"{self.of} {bound}"


EXPECTED: dict[str, Expectation] = {
    "gateway_accept": Expectation("ratio", at_least=0.6),
    "gateway_p99_at_1000": Expectation("value", at_most=50),
    "events_effect": Expectation("ratio", at_least=0.4),
    "events_effect_vs_transaction": Expectation("ratio", at_least=1.4),
    "outbox_relay": Expectation("ratio", at_least=0.8),
    "hop_delay_p50": Expectation("value", at_most=10),
    "forecast_error_steady": Expectation("value", at_most=20),
    "forecast_error_bursty": Expectation("value", at_most=20),
    "forecast_error_regular": Expectation("value", at_most=20),
    "forecast_error_ramp": Expectation("value", at_most=20),
    "forecast_error_step": Expectation("value", at_most=20),
}


def beside(name: str, values: Sequence[float], unit: str, floors: Sequence[float]) -> Figure:
    """The medians of several rounds, one beside the other; the ratio is the median of the rounds' ratios."""
    ratios = [value / floor for value, floor in zip(values, floors, strict=True)]
    return Figure(
        name,
        round(statistics.median(values), 3),
        unit,
        round(statistics.median(floors), 3),
        round(statistics.median(ratios), 3),
    )


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table for people, in Markdown."""
    lines = [
        "| figure | value | unit | floor | ratio | expected |",
        "|---|---:|---|---:|---:|---|",
    ]
    for figure in figures:
        expected = EXPECTED.get(figure.name)
        verdict = "" if expected is None else f"{expected} {'✓' if expected.holds(figure) else '✗'}"
        cells = (figure.name, _number(figure.value), figure.unit, _number(figure.floor),
                 "–" if figure.ratio is None else f"{figure.ratio:.2f}", verdict)  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def short_of(figures: Sequence[Figure]) -> list[str]:
    """A sentence for each figure that is not what is expected of it."""
    return [
        f"{figure.name}: expected {expected}, measured {figure.value:g} {figure.unit}, ratio {figure.ratio}"
        for figure in figures
        if (expected := EXPECTED.get(figure.name)) is not None and not expected.holds(figure)
    ]


def keep(figures: Sequence[Figure], file: Path) -> None:
    """Write the figures as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
