"""Take a company's licence from billing: one that ran out suspends the company, one that is paid lifts that again.

Those who run the fleet decide above it: what they suspended is not lifted by a payment.
"""

from __future__ import annotations

from dataclasses import replace

from contracts.envelope import Event
from contracts.tenants.v1 import TenantConfigured
from tenancy.application.ports import AuditRow, TenantRecords, UnknownTenant
from tenancy.domain.licence import Licence
from tenancy.domain.tenant import Tenant

ACTOR = "billing"


async def take_licence(records: TenantRecords, tenant_id: str, licence: Licence) -> tuple[Event, ...]:
    """Keep it, unless a later one is known; what is to be said. Raises `UnknownTenant`."""
    before = await records.tenant(tenant_id) if await records.lock_known(tenant_id) else None
    if before is None:
        raise UnknownTenant(tenant_id)
    if before.licence is not None and before.licence.version >= licence.version:
        return ()
    tenant = replace(_with(before, licence), version=before.version + 1)
    await records.keep_tenant(tenant, ACTOR)
    details = {
        "version": tenant.version,
        "status": licence.status,
        "reason": licence.reason,
        "plan": licence.plan,
    }
    await records.note(tenant_id, AuditRow(ACTOR, "tenant.licensed", tenant_id, details))
    return (TenantConfigured(tenant_id=tenant_id, version=tenant.version),)


def _with(tenant: Tenant, licence: Licence) -> Tenant:
    licensed = replace(tenant, licence=licence)
    if licence.lets_work and tenant.suspended_by == "licence":
        return replace(licensed, suspended=False, suspended_because="", suspended_by="")
    if not licence.lets_work and not tenant.suspended:
        because = f"licence: {licence.status} ({licence.reason})"
        return replace(licensed, suspended=True, suspended_because=because, suspended_by="licence")
    return licensed
