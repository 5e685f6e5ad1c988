"""The regular look at what changed in the CRMs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from chassis.errors import DeliveryError
from crm_sync.application.follow_changes import FollowChanges

_log = structlog.get_logger("crm_sync.timers")
_AT_A_TIME = 4


def follow(
    all_tenants: Callable[[], Awaitable[list[str]]], changes: FollowChanges, *, seconds: float
) -> Callable[[], Awaitable[None]]:
    """Look at each tenant's CRM when it is due; one that fails harms no other."""

    async def run() -> None:
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def look(tenant_id: str) -> None:
            async with gate:
                try:
                    await changes(tenant_id)
                except DeliveryError as error:
                    _log.warning(
                        "the CRM's changes could not be followed; trying again later",
                        tenant_id=tenant_id,
                        error=type(error).__name__,
                    )

        while True:
            await asyncio.gather(*(look(tenant_id) for tenant_id in await all_tenants()))
            await asyncio.sleep(min(seconds, 15.0))

    return run
