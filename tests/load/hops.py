"""The outbox's relay beside bare confirmed publishing, and the delay of one hop beside a bare publish."""

from __future__ import annotations

from collections.abc import Sequence

from figures import Figure, beside, percentile
from ground import Ground, number

RELAY = ("outbox_relay",)
DELAY = ("hop_delay_p50", "hop_delay_p99")
HOPS = 200


async def measure_relay(ground: Ground, _: Sequence[str]) -> list[Figure]:
    """Publish, by turns."""
    await ground.run("prepare_probe")
    rates: dict[bool, list[float]] = {True: [], False: []}
    for _round in range(ground.size.rounds):
        for bare, seen in rates.items():
            await ground.run("fill_queue", amqp_url=ground.amqp_url, count=0, tenants=1, duplicates=0.0)
            answer = await ground.run(
                "relay", amqp_url=ground.amqp_url, count=ground.size.events, warm_up=500,
                tenants=ground.size.tenants, bare=bare,
            )  # fmt: skip
            seen.append(number(answer, "rate"))
    return [beside("outbox_relay", rates[False], "rows/s", rates[True])]


async def measure_delay(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Hop, by turns."""
    await ground.run("prepare_probe")
    middle: dict[bool, list[float]] = {True: [], False: []}
    slowest: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ground.size.rounds):
        for bare in (True, False):
            await ground.run("fill_queue", amqp_url=ground.amqp_url, count=0, tenants=1, duplicates=0.0)
            answer = await ground.run(
                "hop", amqp_url=ground.amqp_url, count=HOPS, tenants=ground.size.tenants, bare=bare
            )
            seen = answer["milliseconds"]
            assert isinstance(seen, list)
            times = [float(one) for one in seen if isinstance(one, int | float)]
            middle[bare].append(percentile(times, 0.5))
            slowest[bare].append(percentile(times, 0.99))
    figures = [
        beside("hop_delay_p50", middle[False], "ms", middle[True]),
        beside("hop_delay_p99", slowest[False], "ms", slowest[True]),
    ]
    return [figure for figure in figures if figure.name in names]
