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


BOUNDS: dict[str, tuple[Literal["ratio", "value"], Literal["at_least", "at_most"]]] = {
    "gateway_accept": ("ratio", "at_least"),
    "gateway_p99_at_1000": ("value", "at_most"),
    "events_effect": ("ratio", "at_least"),
    "events_effect_vs_transaction": ("ratio", "at_least"),
    "outbox_relay": ("ratio", "at_least"),
    "hop_delay_p50": ("value", "at_most"),
    "forecast_error_steady": ("value", "at_most"),
    "forecast_error_bursty": ("value", "at_most"),
    "forecast_error_regular": ("value", "at_most"),
    "forecast_error_ramp": ("value", "at_most"),
    "forecast_error_step": ("value", "at_most"),
}
"""What of a figure is judged, and which way; how much stands in `performance` of deploy/observer_config.json."""


def _expected() -> dict[str, Expectation]:
    config = json.loads((Path(__file__).parents[2] / "deploy" / "observer_config.json").read_text())
    limits: dict[str, float] = config["performance"]
    return {name: Expectation(of, **{way: limits[name]}) for name, (of, way) in BOUNDS.items()}


EXPECTED = _expected()


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
