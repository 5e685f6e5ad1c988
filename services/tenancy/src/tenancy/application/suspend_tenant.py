"""Those who run the fleet stop a company: nothing comes in for it, nothing leaves in its name."""

from __future__ import annotations

from dataclasses import replace

from contracts.envelope import Event
from contracts.tenants.v1 import TenantConfigured
from tenancy.application.ports import AuditRow, TenantRecords, UnknownTenant
from tenancy.application.tenant_keys import last_key


async def suspend_tenant(
    records: TenantRecords, tenant_id: str, *, because: str, actor: str
) -> tuple[Event, ...]:
    """Suspend a tenant; what is to be said. Another reason replaces the one before. Raises `UnknownTenant`."""
    return await _set(records, tenant_id, "tenant.suspended", because=because, actor=actor)


async def reinstate_tenant(records: TenantRecords, tenant_id: str, *, actor: str) -> tuple[Event, ...]:
    """Let a suspended tenant work again; what is to be said. Raises `UnknownTenant` and `KeyDestroyed`."""
    await last_key(records, tenant_id)
    return await _set(records, tenant_id, "tenant.reinstated", because=None, actor=actor)


async def _set(
    records: TenantRecords, tenant_id: str, action: str, *, because: str | None, actor: str
) -> tuple[Event, ...]:
    before = await records.tenant(tenant_id) if await records.lock_known(tenant_id) else None
    if before is None:
        raise UnknownTenant(tenant_id)
    wanted = replace(
        before, suspended=because is not None, suspended_because=because or "",
        suspended_by="" if because is None else "fleet",
    )  # fmt: skip
    if wanted == before:
        return ()
    tenant = replace(wanted, version=before.version + 1)
    await records.keep_tenant(tenant, actor)
    details = {"version": tenant.version, "because": tenant.suspended_because}
    await records.note(tenant_id, AuditRow(actor, action, tenant_id, details))
    return (TenantConfigured(tenant_id=tenant_id, version=tenant.version),)
