"""A list read through the gateway, with an access token, beside the same list read from the service itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import asyncpg
from figures import Figure, beside
from ground import Ground, number
from services import gateway_process, service_process

from testkit.door import Issuer, TenancyDoor, served
from testkit.service import free_port

NAMES = ("api_read_p50", "api_read_p95")
RATE = 200.0
LEADS = 200
PATH = "/api/v1/leads?limit=50"


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Read 200 times a second, by turns."""
    await ground.run("prepare_gateway")
    await ground.run("prepare_orchestrator")
    await _fill(ground)
    issuer = Issuer()
    token = issuer.token(tenant="tenant-00", scope="leads:read")
    service_token = ground.environment["FRONTDESK_SERVICE_TOKEN"]
    async with AsyncExitStack() as stack:
        tenancy = await stack.enter_async_context(served(TenancyDoor(issuer).routes()))
        alone, through = free_port(), free_port()
        await stack.enter_async_context(service_process(ground, "orchestrator", alone, TENANCY_URL=tenancy))
        upstreams = json.dumps({"orchestrator": f"http://127.0.0.1:{alone}", "tenancy": tenancy})
        limits = {"GATEWAY_LIMIT_TENANT": "1000000/minute", "GATEWAY_LIMIT_USER": "1000000/minute"}
        await stack.enter_async_context(
            gateway_process(ground, through, tenancy, GATEWAY_UPSTREAMS=upstreams, **limits)
        )
        headers = {
            alone: {"Authorization": f"Bearer {service_token}", "X-Tenant-Id": "tenant-00"},
            through: {"Authorization": f"Bearer {token}"},
        }
        found: dict[int, list[dict[str, float]]] = {alone: [], through: []}
        for _ in range(ground.size.rounds):
            for port, seen in found.items():
                seen.append(await _read(ground, port, headers[port]))
    figures = [
        beside(
            f"api_read_{part}",
            [one[part] for one in found[through]],
            "ms",
            [one[part] for one in found[alone]],
        )
        for part in ("p50", "p95")
    ]
    return [figure for figure in figures if figure.name in names]


async def _read(ground: Ground, port: int, headers: dict[str, str]) -> dict[str, float]:
    answer = await ground.run(
        "http_load", port=port, targets=[{"path": PATH, "headers": headers}], connections=32,
        seconds=ground.size.seconds, rate=RATE, requests=int(ground.size.seconds * RATE) + 200,
    )  # fmt: skip
    if number(answer, "others") or number(answer, "lost"):
        raise AssertionError(f"the load did not run as it should: {answer['statuses']}")
    return {part: number(answer, f"{part}_ms") for part in ("p50", "p95")}


async def _fill(ground: Ground) -> None:
    """Leads of one tenant."""
    connection = await asyncpg.connect(ground.database_url)
    now = datetime.now(UTC)
    rows = [
        ("tenant-00", f"lead-{place:05d}", "NEW", f"Person {place}", "email", f"p{place}@post.test", "Anfrage", 1, 0, now - timedelta(minutes=place))
        for place in range(LEADS)
    ]  # fmt: skip
    try:
        await connection.executemany(
            "insert into orchestrator.leads (tenant_id, lead_id, state, name, channel, reply_to, subject, turn, answered_turn, created_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
            rows,
        )
    finally:
        await connection.close()
