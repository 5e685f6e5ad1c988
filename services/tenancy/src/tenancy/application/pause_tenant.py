"""The brake of one tenant: while it is paused, nothing leaves in its name."""

from __future__ import annotations

from dataclasses import replace

from contracts.envelope import Event
from contracts.tenants.v1 import TenantConfigured
from tenancy.application.ports import AuditRow, TenantRecords, UnknownTenant
from tenancy.domain.tenant import Tenant


async def pause_tenant(
    records: TenantRecords, tenant_id: str, *, paused: bool, actor: str
) -> tuple[Tenant, tuple[Event, ...]]:
    """Set or release the brake; the tenant now, and what is to be said. Raises `UnknownTenant`."""
    tenant = await records.tenant(tenant_id) if await records.lock_known(tenant_id) else None
    if tenant is None:
        raise UnknownTenant(tenant_id)
    if tenant.paused == paused:
        return tenant, ()
    tenant = replace(tenant, paused=paused, version=tenant.version + 1)
    await records.keep_tenant(tenant, actor)
    action = "tenant.paused" if paused else "tenant.resumed"
    await records.note(tenant_id, AuditRow(actor, action, tenant_id, {"version": tenant.version}))
    return tenant, (TenantConfigured(tenant_id=tenant_id, version=tenant.version),)
