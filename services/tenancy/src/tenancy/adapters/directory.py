"""What is known before a tenant is: the queries of `Directory`."""

from __future__ import annotations

from sqlalchemy import func, select

from chassis import Session
from tenancy.adapters.records import hook_of
from tenancy.adapters.store import DIRECTORY, HOOKS
from tenancy.application.ports import ListedTenant
from tenancy.domain.hooks import SealedHook


class StoredDirectory:
    """The port `Directory` in one transaction of no tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tenants(self) -> list[ListedTenant]:
        """All tenants by id."""
        columns = select(DIRECTORY.c.tenant_id, DIRECTORY.c.name, DIRECTORY.c.created_at)
        found = await self._session.execute(columns.order_by(DIRECTORY.c.tenant_id))
        return [ListedTenant(tenant_id, name, created_at) for tenant_id, name, created_at in found.tuples()]

    async def hooks_version(self) -> int:
        """The sum of the tenants' versions: each rises alone, so it rises with any change."""
        found = await self._session.execute(select(func.coalesce(func.sum(DIRECTORY.c.hooks_version), 0)))
        return int(found.scalar_one())

    async def enabled_hooks(self) -> list[SealedHook]:
        """All hooks that accept webhooks, by id."""
        found = await self._session.execute(select(HOOKS).where(HOOKS.c.enabled).order_by(HOOKS.c.hook_id))
        return [hook_of(row) for row in found.mappings()]
