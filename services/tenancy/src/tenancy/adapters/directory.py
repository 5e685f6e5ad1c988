"""What is known before a tenant is: the queries of `Directory`."""

from __future__ import annotations

from sqlalchemy import func, or_, select

from chassis import Session
from tenancy.adapters.records import hook_of, sealed_hooks
from tenancy.adapters.store import DATA_KEYS, DIRECTORY, HOOKS, UNLICENSED
from tenancy.application.ports import ListedTenant
from tenancy.domain.hooks import SealedHook


class StoredDirectory:
    """The port `Directory` in one transaction of no tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tenants(self) -> list[ListedTenant]:
        """All tenants by id."""
        columns = (DIRECTORY.c.tenant_id, DIRECTORY.c.name, DIRECTORY.c.created_at, DIRECTORY.c.suspended)
        found = await self._session.execute(select(*columns).order_by(DIRECTORY.c.tenant_id))
        return [ListedTenant(*row) for row in found.tuples()]

    async def hooks_version(self) -> int:
        """The sum of the tenants' versions: each rises alone, so it rises with any change."""
        found = await self._session.execute(select(func.coalesce(func.sum(DIRECTORY.c.hooks_version), 0)))
        return int(found.scalar_one())

    async def suspended(self) -> frozenset[str]:
        """The ids of the suspended tenants."""
        found = await self._session.execute(select(DIRECTORY.c.tenant_id).where(DIRECTORY.c.suspended))
        return frozenset(found.scalars())

    async def unlicensed(self) -> frozenset[str]:
        """The ids of those of the suspended whom only their licence stops."""
        found = await self._session.execute(select(DIRECTORY.c.tenant_id).where(UNLICENSED))
        return frozenset(found.scalars())

    async def enabled_hooks(self) -> list[SealedHook]:
        """All hooks that accept webhooks, by id; none whose key was destroyed."""
        living = or_(HOOKS.c.key_version.is_(None), DATA_KEYS.c.wrapped.is_not(None))
        found = await self._session.execute(
            sealed_hooks().where(HOOKS.c.enabled, living).order_by(HOOKS.c.hook_id)
        )
        return [hook_of(row) for row in found.mappings()]
