"""The Observer's forecasts against a real service on a real broker: five shapes of load, at compressed time (F11)."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

from figures import Figure
from ground import Ground, number
from pydantic import JsonValue, TypeAdapter

SHAPES = ("steady", "bursty", "regular", "ramp", "step")
NAMES = tuple(f"forecast_error_{shape}" for shape in SHAPES)
SECONDS = 180.0
MOST_STALLED = 0.4
"""Seconds that the measured process may not have gone on for: beyond that it is the machine that makes the queue, and the round
is repeated (whatever its result), as often as there are rounds."""
_TOLD = TypeAdapter(dict[str, float | list[float] | None])
Round = dict[str, float]


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Drive the shapes some rounds; a figure is the median of how far the predicted p95 was off, in percent.

    Beside it stands the measured p95 and, as the ratio, the predictions by the measurements of all rounds together: the p95 of
    one round is itself only known to 10 or 20 %, which `replayed` (an ideal queue with the same random numbers) shows.
    """
    await ground.run("prepare_probe")
    shapes = [shape for shape in SHAPES if f"forecast_error_{shape}" in names]
    rounds: list[dict[str, Round]] = []
    disturbed: list[dict[str, Round]] = []
    wanted = max(3, ground.size.rounds)
    while len(rounds) < wanted and len(rounds) + len(disturbed) < 2 * wanted:
        seed = 1000 * (len(rounds) + len(disturbed))
        found = await ground.run("queue_shapes", shapes=[*shapes], seconds=SECONDS, seed=seed)
        stalled = number(found, "stalled")
        told = {shape: _numbers(found[shape]) for shape in shapes}
        (disturbed if stalled > MOST_STALLED else rounds).append(told)
        for shape, one in told.items():
            words = ", ".join(f"{name} {value:.3g}" for name, value in one.items())
            print(f"  {shape}: {_error(one):+.0f} %; {words}", file=sys.stderr, flush=True)
        print(f"  the process stood still for {stalled:.2f} s at longest", file=sys.stderr, flush=True)
    if len(rounds) < wanted:
        print(f"  the machine disturbed {len(disturbed)} rounds; they count", file=sys.stderr)
        rounds += disturbed
    return [_figure(shape, [one[shape] for one in rounds]) for shape in shapes]


def _figure(shape: str, rounds: Sequence[Round]) -> Figure:
    errors = [_error(one) for one in rounds]
    off = statistics.median(abs(error) for error in errors)
    spread = f"rounds from {min(errors):+.0f} to {max(errors):+.0f} %"
    print(f"  {shape}: median {off:.0f} % off, {spread}", file=sys.stderr)
    predicted, measured = (statistics.mean(one[name] for one in rounds) for name in ("predicted", "measured"))
    return Figure(
        f"forecast_error_{shape}",
        round(off, 1),
        "% of p95",
        round(measured, 3),
        round(predicted / measured, 3),
    )


def _error(told: Round) -> float:
    return 100 * (told["predicted"] / told["measured"] - 1)


def _numbers(told: JsonValue) -> Round:
    found = _TOLD.validate_python(told)
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
