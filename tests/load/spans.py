"""Spans lost under load: of those that a service makes, how many do not reach the Observer, and how many it keeps up with."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from figures import Figure
from ground import Ground, number
from prometheus_client.parser import text_string_to_metric_families
from services import service_process

from testkit.service import free_port

NAMES = ("spans_lost_at_1000", "spans_lost_at_5000")
RATES = {"spans_lost_at_1000": 1000.0, "spans_lost_at_5000": 5000.0}


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Make spans at each rate in a process of its own; percent of them that were lost, on either side."""
    await ground.run("prepare_observer")
    figures: list[Figure] = []
    for name in names:
        port = free_port()
        async with service_process(ground, "observer", port):
            url = f"http://127.0.0.1:{port}"
            made = await ground.run("make_spans", endpoint=url, rate=RATES[name], seconds=ground.size.seconds)
            counted = await _counted(url)
        reached, here = counted["received"], number(made, "made")
        gone = here - reached + counted["lost"] + counted["pushed_out"]
        figures.append(Figure(name, round(100 * gone / here, 3), "% of spans"))
    return figures


async def _counted(url: str) -> dict[str, float]:
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{url}/metrics")).text
    return {
        sample.labels["outcome"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "frontdesk_observer_spans_total"
    }
