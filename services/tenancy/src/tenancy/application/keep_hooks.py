"""Keep a tenant's hooks, their secrets sealed; open all of them for the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tenancy.application.ports import AuditRow, CannotOpen, Directory, HookTaken, Seals, TenantRecords
from tenancy.domain.flaws import ConfigurationRefused
from tenancy.domain.hooks import OpenHook, SealedHook, WantedHook, hook_flaws


@dataclass(frozen=True, slots=True)
class HookRegistry:
    """All hooks of the fleet, and those that could not be opened (their ids)."""

    version: int
    hooks: tuple[OpenHook, ...]
    closed: tuple[str, ...]


def hook_context(hook: SealedHook) -> str:
    """What a hook's box is bound to."""
    return f"hook\x1f{hook.tenant_id}\x1f{hook.hook_id}\x1f{hook.version}"


class KeepHooks:
    """A hook's id is unique in the fleet, for it is part of the address; its secrets stand in one box."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    async def __call__(
        self, records: TenantRecords, tenant_id: str, wanted: tuple[WantedHook, ...] | None, actor: str
    ) -> bool:
        """Bring a locked tenant's hooks to what is wanted; whether anything changed.

        Raises `ConfigurationRefused` and `HookTaken`.
        """
        if wanted is None:
            return False
        before = {hook.hook_id: hook for hook in await records.hooks(tenant_id)}
        with_secrets = {hook_id: hook for hook_id, hook in before.items() if self._secrets_of(hook)}
        if flaws := list(hook_flaws(wanted, frozenset(with_secrets))):
            raise ConfigurationRefused(flaws)
        changed = [hook for hook in wanted if not self._same(before.get(hook.hook_id), hook)]
        gone = sorted(before.keys() - {hook.hook_id for hook in wanted})
        if not changed and not gone:
            return False
        version = await records.next_hooks_version(tenant_id)
        for hook in changed:
            await self._keep(records, tenant_id, hook, before.get(hook.hook_id), version, actor)
        for hook_id in gone:
            await records.drop_hook(tenant_id, hook_id)
            await records.note(tenant_id, AuditRow(actor, "hook.removed", hook_id))
        return True

    async def registry(self, directory: Directory) -> HookRegistry:
        """All enabled hooks with their secrets; one that does not open harms no other."""
        # The version is read first: hooks that are newer than it are fetched again, never taken for older ones.
        version = await directory.hooks_version()
        opened: list[OpenHook] = []
        closed: list[str] = []
        for hook in await directory.enabled_hooks():
            secrets = self._secrets_of(hook)
            if secrets:
                opened.append(OpenHook(hook.hook_id, hook.tenant_id, hook.source, hook.verifier, secrets))
            else:
                closed.append(hook.hook_id)
        return HookRegistry(version, tuple(opened), tuple(closed))

    async def _keep(
        self, records: TenantRecords, tenant_id: str, wanted: WantedHook, before: SealedHook | None,
        version: int, actor: str,
    ) -> None:  # fmt: skip
        secrets = wanted.secrets
        if secrets is None:
            secrets = self._secrets_of(before) if before is not None else ()
        bare = SealedHook(
            wanted.hook_id, tenant_id, wanted.source, wanted.verifier, wanted.enabled, version, ""
        )
        box = self._seals.seal({"secrets": json.dumps(secrets)}, hook_context(bare))
        hook = SealedHook(
            bare.hook_id, bare.tenant_id, bare.source, bare.verifier, bare.enabled, bare.version, box
        )  # fmt: skip
        if not await records.keep_hook(hook):
            raise HookTaken(wanted.hook_id)
        details = {
            "source": hook.source, "enabled": hook.enabled, "version": version,
            "secrets_changed": before is None or secrets != self._secrets_of(before),
        }  # fmt: skip
        await records.note(tenant_id, AuditRow(actor, "hook.set", hook.hook_id, details))

    def _same(self, before: SealedHook | None, wanted: WantedHook) -> bool:
        if before is None:
            return False
        if (before.source, before.verifier, before.enabled) != (
            wanted.source,
            wanted.verifier,
            wanted.enabled,
        ):
            return False
        return wanted.secrets is None or wanted.secrets == self._secrets_of(before)

    def _secrets_of(self, hook: SealedHook) -> tuple[str, ...]:
        try:
            secrets: list[str] = json.loads(self._seals.open(hook.box, hook_context(hook))["secrets"])
        except CannotOpen:
            return ()
        return tuple(secrets)
