"""What tenancy does by itself: seal again what is under an old key, renew signing keys, forget old sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from chassis import Session, Units
from tenancy.application.keep_sessions import KeepSessions
from tenancy.application.ports import Directory, TenantRecords
from tenancy.application.reseal_secrets import ResealSecrets
from tenancy.application.sign_tokens import SignTokens
from tenancy.application.slow_down import SlowDown

_EVERY_SECONDS = 24 * 3600
_PEOPLE_EVERY_SECONDS = 3600
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


@dataclass(frozen=True, slots=True)
class KeepPeopleInOrder:
    """Signing keys by age, and what means nothing any more: sessions, attempts, revocations."""

    sign: SignTokens
    sessions: KeepSessions
    slow_down: SlowDown

    async def run(self) -> None:
        """Keep order for ever."""
        while True:
            await self.once()
            await asyncio.sleep(_PEOPLE_EVERY_SECONDS)

    async def once(self) -> None:
        """Keep order once."""
        if broken := await self.sign.keep_house():
            _log.error(
                "signing keys do not open: put their key back into FRONTDESK_MASTER_KEY", keys=list(broken)
            )
        await self.slow_down.forget_old()
        if count := await self.sessions.forget_old():
            _log.info("old sessions removed", sessions=count)
