"""Crypto-shredding: a tenant's key is destroyed, and nothing of it opens any more, whoever holds a copy of the boxes."""

from __future__ import annotations

from dataclasses import replace

from contracts.envelope import Event
from contracts.tenants.v1 import CredentialsChanged
from tenancy.application.ports import AuditRow, TenantRecords, UnknownTenant
from tenancy.application.suspend_tenant import suspend_tenant
from tenancy.domain.credentials import SealedCredential
from tenancy.domain.keys import WrappedKey


async def destroy_key(
    records: TenantRecords, tenant_id: str, *, because: str, actor: str
) -> tuple[Event, ...]:
    """Destroy a tenant's key for good, and suspend it; what is to be said. Raises `UnknownTenant`.

    The boxes go too: those of the first form are sealed by the ring, which lives on.
    """
    if not await records.lock_known(tenant_id):
        raise UnknownTenant(tenant_id)
    keys = await records.data_keys(tenant_id)
    if keys and all(key.destroyed for key in keys):
        return ()
    for key in keys or [WrappedKey(tenant_id, 1, None)]:
        await records.keep_data_key(replace(key, wrapped=None))
    credentials, hooks = await _empty(records, tenant_id)
    details = {"because": because, "credentials": credentials, "hooks": hooks}
    await records.note(tenant_id, AuditRow(actor, "key.destroyed", tenant_id, details))
    news = await suspend_tenant(records, tenant_id, because=f"its key was destroyed: {because}", actor=actor)
    return (*news, *(CredentialsChanged(tenant_id=tenant_id, credential=name) for name in credentials))


async def _empty(records: TenantRecords, tenant_id: str) -> tuple[list[str], list[str]]:
    """Throw away all boxes; the names of the credentials and hooks that they were of."""
    credentials = [each for each in await records.credentials(tenant_id) if each.box is not None]
    for credential in credentials:
        await records.keep_credential(
            tenant_id, SealedCredential(credential.name, credential.version + 1, None)
        )
    hooks = [hook.hook_id for hook in await records.hooks(tenant_id)]
    for hook_id in hooks:
        await records.drop_hook(tenant_id, hook_id)
    if hooks:
        # Whoever holds the registry, and secrets with it, must see that it changed.
        await records.next_hooks_version(tenant_id)
    return [credential.name for credential in credentials], hooks
