"""What the watch costs: the Observer's time, memory and rows per watched replica; and how long from a breach to its alert."""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import psutil
from figures import Figure
from ground import Ground, number
from services import service_process

from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered
from observer.settings import known_services
from testkit.service import free_port
from testkit.wire import tapped

NAMES = ("watch_cost", "breach_to_alert")
SIZES = (10, 50)
WARM_SECONDS, WATCHED_SECONDS = 20.0, 30.0
DAY = 86400.0


@dataclass(frozen=True)
class Cost:
    """Of the whole Observer, with so many replicas: percent of a core, MB, samples that it keeps a day."""

    cpu: float
    memory: float
    rows: float


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Let an Observer of its own process watch replicas at its ordinary pace (every 5 s, metrics every 15 s)."""
    await ground.run("prepare_observer")
    figures: list[Figure] = []
    if "watch_cost" in names:
        costs = {count: await _cost(ground, count) for count in (1, *SIZES)}
        for count in SIZES:
            figures += _per_replica(count, costs[count], costs[1])
    if "breach_to_alert" in names:
        figures.append(await _breach_to_alert(ground))
    return figures


def _per_replica(count: int, cost: Cost, alone: Cost) -> list[Figure]:
    """What each replica adds to an Observer that watches one; the floor is that Observer."""

    def figure(what: str, value: float, base: float, unit: str) -> Figure:
        each = (value - base) / (count - 1)
        return Figure(f"watch_{what}_of_{count}", round(each, 3), f"{unit} per replica", round(base, 3))

    return [
        figure("cpu", cost.cpu, alone.cpu, "% of a core"),
        figure("memory", cost.memory, alone.memory, "MB"),
        figure("rows", cost.rows, alone.rows, "rows a day"),
    ]


async def _cost(ground: Ground, count: int) -> Cost:
    async with ground.running("fake_replicas", count=count) as crowd:
        addresses = (await crowd.answer())["addresses"]
        settings = _settings(addresses)
        async with service_process(ground, "observer", free_port(), **settings) as pid:
            await asyncio.sleep(WARM_SECONDS)
            process = psutil.Process(pid)
            spent, rows = sum(process.cpu_times()[:2]), await _rows(ground)
            await asyncio.sleep(WATCHED_SECONDS)
            spent, rows = sum(process.cpu_times()[:2]) - spent, await _rows(ground) - rows
            return Cost(
                100 * spent / WATCHED_SECONDS, process.memory_info().rss / 1e6, rows * DAY / WATCHED_SECONDS
            )


async def _rows(ground: Ground) -> int:
    connection = await asyncpg.connect(ground.database_url)
    try:
        found: int = await connection.fetchval("select count(*) from observer.samples")
        return found
    finally:
        await connection.close()


async def _breach_to_alert(ground: Ground) -> Figure:
    """From the moment at which a replica turns bad until `ThresholdExceeded` is on the wire; nothing gathered, no hold."""
    config = ground.folder / "watch_config.json"
    threshold = {"name": "failing", "metric": "health_failing", "limit": 0, "severity": "critical"}
    notices = {"gather_seconds": 0, "update_seconds": 0}
    config.write_text(json.dumps({"notices": notices, "thresholds": [threshold]}))
    took: list[float] = []
    async with ground.running("fake_replicas", count=10) as crowd, tapped(ground.amqp_url) as wire:
        settings = _settings((await crowd.answer())["addresses"])
        async with service_process(
            ground, "observer", free_port(), OBSERVER_CONFIG_PATH=str(config), **settings
        ):
            await asyncio.sleep(WARM_SECONDS / 2)
            for turn in range(2 * ground.size.rounds):
                await asyncio.sleep(0.7 * turn)  # not always at the same place of a round
                bad = number(await crowd.tell(mood="failing"), "at")
                known = {event.alert_id for event in wire.all(ThresholdRecovered)}
                alert = await wire.heard(
                    ThresholdExceeded, lambda event, known=known: event.alert_id not in known
                )
                took.append(datetime.now(UTC).timestamp() - bad)
                await crowd.tell(mood="well")
                await wire.heard(ThresholdRecovered, lambda event, one=alert: event.alert_id == one.alert_id)
    return Figure("breach_to_alert", round(statistics.median(took), 2), "s", round(min(took), 2))


def _settings(addresses: object) -> dict[str, str]:
    services: dict[str, object] = {name: [] for name in known_services()}
    return {"OBSERVER_SERVICES": json.dumps(services | {"ocr": addresses})}
