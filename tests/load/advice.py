"""The Observer's forecasts against a real service on a real broker: five shapes of load, at compressed time (F11)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from figures import Figure
from ground import Ground, number

SHAPES = ("steady", "bursty", "regular", "ramp", "step")
NAMES = tuple(f"forecast_error_{shape}" for shape in SHAPES)
SECONDS = 45.0


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Drive each shape once; the figure is how far the predicted p95 was off, in percent of what was measured."""
    await ground.run("prepare_probe")
    figures: list[Figure] = []
    for seed, shape in enumerate(SHAPES):
        if f"forecast_error_{shape}" not in names:
            continue
        await ground.run("fill_queue", amqp_url=ground.amqp_url, count=0, tenants=1, duplicates=0.0)
        found = await ground.run("queue_shapes", shape=shape, seconds=SECONDS, seed=seed)
        predicted, measured = number(found, "predicted"), number(found, "measured")
        print(f"  {shape}: {found}", file=sys.stderr, flush=True)
        error = 100 * abs(predicted / measured - 1)
        figures.append(
            Figure(
                f"forecast_error_{shape}",
                round(error, 1),
                "% of p95",
                round(measured, 3),
                round(predicted / measured, 3),
            )
        )
    return figures
