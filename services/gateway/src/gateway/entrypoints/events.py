"""What the gateway hears."""

from __future__ import annotations

from collections.abc import Callable

from chassis import Router
from contracts.tenants.v1 import TenantConfigured


def router(*changed: Callable[[], None]) -> Router:
    """News for every replica: a tenant's hooks, or who may come in, may have changed."""
    router = Router()

    @router.on_every_replica(TenantConfigured)
    async def on_tenant_configured(_: TenantConfigured) -> None:
        for call in changed:
            call()

    return router
