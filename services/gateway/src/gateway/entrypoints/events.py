"""What the gateway hears."""

from __future__ import annotations

from chassis import Router
from contracts.tenants.v1 import TenantConfigured
from gateway.application.hold_hooks import HeldHooks


def router(hooks: HeldHooks) -> Router:
    """News for every replica: a tenant's hooks may have changed."""
    router = Router()

    @router.on_every_replica(TenantConfigured)
    async def on_tenant_configured(_: TenantConfigured) -> None:
        hooks.forget_age()

    return router
