"""Broker and database each down and up again under webhooks: what was accepted is handled, once, counted one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from time import monotonic

import asyncpg
from figures import Figure
from ground import Answer, Ground, number
from services import gateway_process
from webhooks import register_hooks

from frontdesk.stack import Stack
from testkit.service import free_port
from testkit.tenancy import tenancy_stub

NAMES = ("outage_accepted", "outage_refused", "outage_handled_after")
RATE = 300.0
SECONDS = 40.0
DOWN_SECONDS = 6.0


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """300 webhooks a second for 40 seconds; the broker is down from the 6th to the 12th, the database from the 24th to the 30th."""
    await ground.run("prepare_probe")
    await ground.run("prepare_gateway")
    async with AsyncExitStack() as stack:
        tenancy = await stack.enter_async_context(tenancy_stub())
        targets = register_hooks(tenancy, ground.size.tenants)
        hearing = await stack.enter_async_context(ground.running("hear_webhooks"))
        await hearing.answer()
        port = free_port()
        await stack.enter_async_context(gateway_process(ground, port, tenancy.url))
        before = await _stored(ground)
        outages = asyncio.create_task(_outages(ground))
        answer = await ground.run(
            "http_load", port=port, targets=targets, connections=64, seconds=SECONDS, rate=RATE,
            requests=int(SECONDS * RATE) + 200, duplicates=ground.size.duplicates, ids=True,
        )  # fmt: skip
        await outages
        ended = monotonic()
        handled = await _all_handled(ground, _accepted(answer), before)
    statuses = answer["statuses"]
    assert isinstance(statuses, dict)
    refused = int(number(statuses, "503")) if "503" in statuses else 0
    figures = [
        Figure("outage_accepted", len(_accepted(answer)), "webhooks", float(handled), 1.0),
        Figure("outage_refused", refused, "webhooks, asked to come again"),
        Figure("outage_handled_after", round(monotonic() - ended, 1), "s after the last"),
    ]
    return [figure for figure in figures if figure.name in names]


async def _outages(ground: Ground) -> None:
    own = Stack.at(ground.folder, given={})
    for server in (own.broker, own.postgres):
        await asyncio.sleep(DOWN_SECONDS)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(DOWN_SECONDS)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(DOWN_SECONDS)


def _accepted(answer: Answer) -> set[str]:
    ids = answer["ids"]
    assert isinstance(ids, list)
    return {str(one) for one in ids}


async def _all_handled(ground: Ground, accepted: set[str], before: int) -> int:
    """Wait until each accepted webhook has its row; raises when one is missing, handled twice or dead."""
    connection = await asyncpg.connect(ground.database_url)
    try:
        async with asyncio.timeout(120):
            while True:
                rows = await connection.fetch("select document_id from probe.notes")
                handled = {str(row["document_id"]) for row in rows}
                if accepted <= handled:
                    break
                await asyncio.sleep(0.5)
        dead = await connection.fetchval("select count(*) from probe.dead_letters")
    finally:
        await connection.close()
    if dead or len(rows) != len(handled):
        raise AssertionError(f"{dead} webhooks are dead, {len(rows) - len(handled)} were handled twice")
    stored = await _stored(ground) - before
    # While the database was down they went straight to the broker, without a receipt.
    if stored > len(handled):
        raise AssertionError(f"{stored} webhooks are stored, {len(handled)} are handled")
    return len(handled)


async def _stored(ground: Ground) -> int:
    connection = await asyncpg.connect(ground.database_url)
    try:
        return int(await connection.fetchval("select count(*) from gateway.receipts"))
    finally:
        await connection.close()
