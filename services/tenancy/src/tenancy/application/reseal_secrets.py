"""Keys turn while everybody goes on reading: the ring wraps data keys anew, a new data key seals a tenant's boxes anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tenancy.application.keep_credentials import credential_context
from tenancy.application.keep_hooks import hook_context
from tenancy.application.ports import (
    AuditRow,
    CannotOpen,
    KeyDestroyed,
    Seals,
    TenantRecords,
    UnknownTenant,
)
from tenancy.application.tenant_keys import last_key, next_key
from tenancy.domain.credentials import SealedCredential
from tenancy.domain.hooks import SealedHook
from tenancy.domain.keys import WrappedKey

ACTOR = "key rotation"


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many keys were wrapped and boxes sealed again, and the names of those that do not open."""

    count: int
    broken: tuple[str, ...]
    key_version: int = 0


class ResealSecrets:
    """Values and versions stay as they are; when it is done for all tenants, the old key can leave the ring."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    async def __call__(self, records: TenantRecords, tenant_id: str) -> Resealed:
        """After the ring was turned: wrap the tenant's keys anew, and bring boxes of the ring's under its data key."""
        if not await records.lock_known(tenant_id):
            return Resealed(0, ())
        try:
            key = await last_key(records, tenant_id)
        except KeyDestroyed:
            return Resealed(0, ())
        broken = list[str]()
        count = await self._rewrap(records, tenant_id, broken)
        boxes = await _boxes(records, tenant_id)
        if boxes:
            key = key or await next_key(self._seals, records, tenant_id, after=0)
            count += await self._reseal(records, boxes, key, broken)
        if count:
            await records.note(tenant_id, AuditRow(ACTOR, "secrets.resealed", tenant_id, {"count": count}))
        return Resealed(count, tuple(broken))

    async def rotate(self, records: TenantRecords, tenant_id: str, actor: str) -> Resealed:
        """Give the tenant a new data key and seal everything anew under it. Raises `UnknownTenant`, `KeyDestroyed`."""
        if not await records.lock_known(tenant_id):
            raise UnknownTenant(tenant_id)
        before = await last_key(records, tenant_id)
        key = await next_key(self._seals, records, tenant_id, after=before.version if before else 0)
        broken = list[str]()
        count = await self._reseal(records, await _boxes(records, tenant_id), key, broken)
        details = {"version": key.version, "count": count, "broken": broken}
        await records.note(tenant_id, AuditRow(actor, "key.rotated", tenant_id, details))
        return Resealed(count, tuple(broken), key.version)

    async def _rewrap(self, records: TenantRecords, tenant_id: str, broken: list[str]) -> int:
        count = 0
        for key in await records.data_keys(tenant_id):
            try:
                again = self._seals.rewrapped(key)
            except CannotOpen:
                broken.append(f"data key {key.version}")
                continue
            if again is not None:
                await records.keep_data_key(again)
                count += 1
        return count

    async def _reseal(
        self, records: TenantRecords, boxes: Sequence[_Box], key: WrappedKey, broken: list[str]
    ) -> int:
        """Seal under this key what is not yet; keys that nothing is under any more go."""
        count = 0
        for box in boxes:
            try:
                values = self._seals.open(box.text, box.context, box.key)
                if box.key is not None and box.key.version == key.version:
                    continue
                await box.keep(self._seals.seal(values, box.context, key))
                count += 1
            except CannotOpen:
                broken.append(box.name)
        await records.drop_idle_data_keys(key.tenant_id)
        return count


@dataclass(frozen=True, slots=True)
class _Box:
    """Something of a tenant's that is sealed, and how it is kept again."""

    name: str
    text: str
    context: str
    key: WrappedKey | None
    keep: Callable[[str], Awaitable[object]]


async def _boxes(records: TenantRecords, tenant_id: str) -> list[_Box]:
    boxes: list[_Box] = []
    for credential in await records.credentials(tenant_id):
        if credential.box is not None:
            context = credential_context(tenant_id, credential.name, credential.version)
            name = f"credential {credential.name}"
            keep = partial(_keep_credential, records, tenant_id, credential)
            boxes.append(_Box(name, credential.box, context, credential.key, keep))
    for hook in await records.hooks(tenant_id):
        keep = partial(_keep_hook, records, hook)
        boxes.append(_Box(f"hook {hook.hook_id}", hook.box, hook_context(hook), hook.key, keep))
    return boxes


async def _keep_credential(
    records: TenantRecords, tenant_id: str, credential: SealedCredential, box: str
) -> None:
    await records.keep_credential(tenant_id, replace(credential, box=box))


async def _keep_hook(records: TenantRecords, hook: SealedHook, box: str) -> None:
    await records.keep_hook(replace(hook, box=box))
