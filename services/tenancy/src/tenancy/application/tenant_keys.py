"""A tenant's data key: made at its first secret, turned on demand."""

from __future__ import annotations

from tenancy.application.ports import KeyDestroyed, Seals, TenantRecords
from tenancy.domain.keys import WrappedKey


async def sealing_key(seals: Seals, records: TenantRecords, tenant_id: str) -> WrappedKey:
    """The key under which a locked tenant's new secrets are sealed. Raises `KeyDestroyed`.

    When the last key does not unwrap any more, setting secrets anew is the way to mend that: a new one is made.
    """
    last = await last_key(records, tenant_id)
    if last is None or not seals.unwraps(last):
        return await next_key(seals, records, tenant_id, after=last.version if last is not None else 0)
    return last


async def last_key(records: TenantRecords, tenant_id: str) -> WrappedKey | None:
    """The tenant's last key; None before its first secret. Raises `KeyDestroyed`."""
    keys = await records.data_keys(tenant_id)
    if keys and keys[-1].destroyed:
        raise KeyDestroyed(tenant_id)
    return keys[-1] if keys else None


async def next_key(seals: Seals, records: TenantRecords, tenant_id: str, *, after: int) -> WrappedKey:
    """A new key for a locked tenant, from now on the one that seals."""
    key = seals.new_key(tenant_id, after + 1)
    await records.keep_data_key(key)
    return key
