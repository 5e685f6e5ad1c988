"""After the key ring was turned: seal again, under the newest key, what is under an old one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tenancy.application.keep_credentials import credential_context
from tenancy.application.keep_hooks import hook_context
from tenancy.application.ports import AuditRow, CannotOpen, Seals, TenantRecords

ACTOR = "key rotation"


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many boxes were sealed again, and the names of those that do not open."""

    count: int
    broken: tuple[str, ...]


class ResealSecrets:
    """Values and versions stay as they are; when it is done for all tenants, the old key can leave the ring."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    async def __call__(self, records: TenantRecords, tenant_id: str) -> Resealed:
        """Reseal one tenant's credentials and hooks."""
        if not await records.lock_known(tenant_id):
            return Resealed(0, ())
        count, broken = 0, list[str]()
        for credential in await records.credentials(tenant_id):
            context = credential_context(tenant_id, credential.name, credential.version)
            box = self._resealed(credential.box, context, f"credential {credential.name}", broken)
            if box is not None:
                await records.keep_credential(tenant_id, replace(credential, box=box))
                count += 1
        for hook in await records.hooks(tenant_id):
            box = self._resealed(hook.box, hook_context(hook), f"hook {hook.hook_id}", broken)
            if box is not None:
                await records.keep_hook(replace(hook, box=box))
                count += 1
        if count:
            await records.note(tenant_id, AuditRow(ACTOR, "secrets.resealed", tenant_id, {"count": count}))
        return Resealed(count, tuple(broken))

    def _resealed(self, box: str | None, context: str, name: str, broken: list[str]) -> str | None:
        if box is None:
            return None
        try:
            if not self._seals.needs_reseal(box):
                return None
            return self._seals.seal(self._seals.open(box, context), context)
        except CannotOpen:
            broken.append(name)
            return None
