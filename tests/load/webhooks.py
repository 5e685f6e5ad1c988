"""Webhooks accepted by one gateway process, beside bare FastAPI and beside FastAPI with one confirmed publish each."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aio_pika
import asyncpg
import psutil
from figures import Figure, beside
from ground import Answer, Ground, number
from pydantic import JsonValue
from services import gateway_process

from testkit.service import free_port
from testkit.tenancy import TenancyStub, tenancy_stub

NAMES = ("gateway_accept", "gateway_accept_vs_amqp", "gateway_p99_at_1000", "gateway_memory")
CONNECTIONS = 32
MOST_PER_SECOND = 12_000
"""More requests than this are not prepared for a second of load."""
CALM_RATE = 1000.0


@dataclass(frozen=True)
class _Servers:
    """What is loaded by turns."""

    bare: int
    amqp: int
    gateway: int
    gateway_pid: int
    bare_pid: int
    targets: list[JsonValue]


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Load the three servers by turns."""
    async with _servers(ground) as servers:
        for port in (servers.bare, servers.amqp, servers.gateway):  # warm up
            await _load(ground, servers, port, seconds=1.0)
        await _drained(ground)
        rates: dict[str, list[float]] = {"bare": [], "amqp": [], "gateway": []}
        for _ in range(ground.size.rounds):
            for name, port in (("bare", servers.bare), ("gateway", servers.gateway), ("amqp", servers.amqp)):
                if name == "amqp" and "gateway_accept_vs_amqp" not in names:
                    continue
                before = await _receipts(ground)
                answer = await _load(ground, servers, port, seconds=ground.size.seconds)
                rates[name].append(number(answer, "rate"))
                if name == "gateway":
                    await _check_kept(ground, answer, before)
        figures = [beside("gateway_accept", rates["gateway"], "webhooks/s", rates["bare"])]
        if rates["amqp"]:
            figures.append(beside("gateway_accept_vs_amqp", rates["gateway"], "webhooks/s", rates["amqp"]))
        if "gateway_p99_at_1000" in names:
            figures.append(await _calm(ground, servers))
        figures.append(
            beside("gateway_memory", [_megabytes(servers.gateway_pid)], "MB", [_megabytes(servers.bare_pid)])
        )
    return [figure for figure in figures if figure.name in names]


async def _calm(ground: Ground, servers: _Servers) -> Figure:
    """The slowest hundredth at a thousand requests a second."""
    found: dict[int, list[float]] = {servers.bare: [], servers.gateway: []}
    for _ in range(ground.size.rounds):
        for port, times in found.items():
            answer = await _load(ground, servers, port, seconds=ground.size.seconds, rate=CALM_RATE)
            times.append(number(answer, "p99_ms"))
        await _drained(ground)
    return beside("gateway_p99_at_1000", found[servers.gateway], "ms", found[servers.bare])


async def _load(
    ground: Ground, servers: _Servers, port: int, *, seconds: float, rate: float | None = None
) -> Answer:
    answer = await ground.run(
        "http_load", port=port, targets=servers.targets, connections=CONNECTIONS, seconds=seconds,
        requests=int(seconds * (rate or MOST_PER_SECOND)) + 200, duplicates=ground.size.duplicates, rate=rate,
    )  # fmt: skip
    if number(answer, "others") or number(answer, "lost") or (answer["exhausted"] and rate is None):
        raise AssertionError(f"the load did not run as it should: {answer}")
    return answer


async def _check_kept(ground: Ground, answer: Answer, before: int) -> None:
    """What was answered with 202 is stored, and nothing was stored twice."""
    kept = await _receipts(ground) - before
    accepted = number(answer, "accepted")
    # Requests that were under way when the clock stopped are stored and were not counted.
    if not accepted <= kept <= accepted + CONNECTIONS:
        raise AssertionError(f"{accepted:.0f} webhooks were accepted as new, {kept} are stored")
    await _drained(ground)


async def _drained(ground: Ground) -> None:
    """Wait until the outbox is empty, and empty the hearing queue."""
    connection = await asyncpg.connect(ground.database_url)
    try:
        while await connection.fetchval("select count(*) from gateway.outbox"):
            await asyncio.sleep(0.05)
    finally:
        await connection.close()
    async with await aio_pika.connect_robust(ground.amqp_url) as broker:
        channel = await broker.channel()
        await (await channel.get_queue("bench.webhooks", ensure=False)).purge()


async def _receipts(ground: Ground) -> int:
    connection = await asyncpg.connect(ground.database_url)
    try:
        return int(await connection.fetchval("select count(*) from gateway.receipts"))
    finally:
        await connection.close()


@asynccontextmanager
async def _servers(ground: Ground) -> AsyncIterator[_Servers]:
    await ground.run("prepare_gateway")
    async with AsyncExitStack() as stack:
        tenancy = await stack.enter_async_context(tenancy_stub())
        targets = register_hooks(tenancy, ground.size.tenants)
        bare, amqp, gateway = free_port(), free_port(), free_port()
        first = await stack.enter_async_context(ground.running("bare_route", port=bare))
        await first.answer()
        second = await stack.enter_async_context(
            ground.running("bare_route", port=amqp, amqp_url=ground.amqp_url)
        )
        await second.answer()
        pid = await stack.enter_async_context(gateway_process(ground, gateway, tenancy.url))
        yield _Servers(bare, amqp, gateway, pid, first.pid, targets)


def register_hooks(tenancy: TenancyStub, tenants: int) -> list[JsonValue]:
    """A hook for each tenant at the stand-in; returns them as targets of the load."""
    targets: list[JsonValue] = []
    for place in range(tenants):
        secret, hook_id = secrets.token_hex(16), f"hook-{place:02d}"
        tenancy.hooks.append(
            {
                "hook_id": hook_id,
                "tenant_id": f"tenant-{place:02d}",
                "source": "mime",
                "verifier": "hmac",
                "secrets": [secret],
            }
        )
        targets.append({"path": f"/webhooks/mime/{hook_id}", "secret": secret})
    return targets


def _megabytes(pid: int) -> float:
    return psutil.Process(pid).memory_info().rss / 1e6
