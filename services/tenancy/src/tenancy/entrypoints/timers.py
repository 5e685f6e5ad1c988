"""What tenancy does by itself: seal again what is under an old key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from chassis import Session, Units
from tenancy.application.ports import Directory, TenantRecords
from tenancy.application.reseal_secrets import ResealSecrets

_EVERY_SECONDS = 24 * 3600
_log = structlog.get_logger("tenancy.reseal")


@dataclass(frozen=True, slots=True)
class ResealAll:
    """Goes over all tenants, each in a transaction of its own: at the start, which is when a ring was turned, and daily."""

    units: Units
    records: Callable[[Session], TenantRecords]
    directory: Callable[[Session], Directory]
    reseal: ResealSecrets

    async def run(self) -> None:
        """Reseal for ever."""
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_SECONDS)

    async def once(self) -> int:
        """Reseal every tenant's secrets once; how many boxes were sealed again."""
        async with self.units.fleet() as session:
            tenants = await self.directory(session).tenants()
        count = 0
        for tenant in tenants:
            async with self.units.begin(tenant.tenant_id) as transaction:
                resealed = await self.reseal(self.records(transaction.session), tenant.tenant_id)
            count += resealed.count
            if resealed.broken:
                _log.error(
                    "secrets do not open: put their key back into FRONTDESK_MASTER_KEY, or set them anew",
                    tenant_id=tenant.tenant_id, secrets=list(resealed.broken),
                )  # fmt: skip
        if count:
            _log.info("sealed again under the newest key", secrets=count)
        return count
