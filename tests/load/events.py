"""Events heard: through the chassis, beside a bare consumer and beside a transaction per event."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

import asyncpg
from figures import Figure, beside
from ground import Ground, number

PREFETCH = 500
NAMES = ("events_effect", "events_effect_vs_transaction", "events_locked", "measuring_cost")


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Fill the queue and empty it, by turns."""
    await ground.run("prepare_probe")
    seen: dict[str, list[float]] = {"floor": [], "raw": [], "grouped": [], "locking": []}
    for _ in range(ground.size.rounds):
        seen["floor"].append(await _bare(ground))
        seen["grouped"].append(await _probe(ground, "grouped"))
        if "events_effect_vs_transaction" in names:
            seen["raw"].append(await _raw(ground))
        if "events_locked" in names:
            seen["locking"].append(await _probe(ground, "locking"))
    figures = [beside("events_effect", seen["grouped"], "events/s", seen["floor"])]
    if seen["raw"]:
        figures.append(beside("events_effect_vs_transaction", seen["grouped"], "events/s", seen["raw"]))
    if seen["locking"]:
        figures.append(beside("events_locked", seen["locking"], "events/s", seen["floor"]))
    if "measuring_cost" in names:
        figures.append(await _measuring(ground, 1e6 / statistics.median(seen["grouped"])))
    return [figure for figure in figures if figure.name in names]


async def _measuring(ground: Ground, event: float) -> Figure:
    """What counters, histograms and an uncollected span cost per message, beside the microseconds that an event takes in all."""
    cost = await ground.run("measuring_cost")
    print(f"  with spans collected: {number(cost, 'recorded'):.1f} µs", file=sys.stderr)
    own = number(cost, "unrecorded")
    return Figure("measuring_cost", round(own, 1), "µs a message", round(event, 1), round(own / event, 3))


def _warm_up(ground: Ground) -> int:
    return ground.size.events // 8


async def _fill(ground: Ground) -> int:
    filled = await ground.run(
        "fill_queue", amqp_url=ground.amqp_url, count=ground.size.events, tenants=ground.size.tenants,
        duplicates=ground.size.duplicates,
    )  # fmt: skip
    return int(number(filled, "distinct"))


async def _bare(ground: Ground) -> float:
    await _fill(ground)
    answer = await ground.run(
        "plain_consumer", amqp_url=ground.amqp_url, count=ground.size.events, warm_up=_warm_up(ground),
        prefetch=PREFETCH,
    )  # fmt: skip
    return number(answer, "rate")


async def _raw(ground: Ground) -> float:
    await _fill(ground)
    answer = await ground.run(
        "raw_transactions", amqp_url=ground.amqp_url, database_url=ground.database_url,
        count=ground.size.events, warm_up=_warm_up(ground),
    )  # fmt: skip
    return number(answer, "rate")


async def _probe(ground: Ground, handler: str) -> float:
    distinct = await _fill(ground)
    before = await _notes(ground)
    answer = await ground.run(
        "probe_events", count=ground.size.events, warm_up=_warm_up(ground), handler=handler,
    )  # fmt: skip
    kept = await _notes(ground) - before
    if kept != distinct:
        raise AssertionError(f"{distinct} different documents were delivered, {kept} notes are kept")
    return number(answer, "rate")


async def _notes(ground: Ground) -> int:
    connection = await asyncpg.connect(ground.database_url)
    try:
        # The policy binds the owner too: count what the table holds, not what a tenant may see.
        return int(await connection.fetchval("select count(*) from probe.notes"))
    finally:
        await connection.close()
