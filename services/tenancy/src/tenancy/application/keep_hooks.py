"""Keep a tenant's hooks, their secrets sealed; open all of them for the gateway."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from tenancy.application.check_hooks import flaws_of_hooks
from tenancy.application.ports import AuditRow, CannotOpen, Directory, HookTaken, Seals, TenantRecords
from tenancy.application.tenant_keys import sealing_key
from tenancy.domain.flaws import ConfigurationRefused
from tenancy.domain.hooks import TELLS_PAYMENTS, OpenHook, SealedHook, WantedHook


@dataclass(frozen=True, slots=True)
class HookRegistry:
    """All hooks of the fleet, those that could not be opened (their ids), the suspended tenants, and whom only the licence stops."""

    version: int
    hooks: tuple[OpenHook, ...]
    closed: tuple[str, ...]
    suspended: tuple[str, ...]
    unlicensed: tuple[str, ...]


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
        known = {hook_id: opened for hook_id, hook in before.items() if (opened := self._opened(hook))}
        if flaws := list(flaws_of_hooks(wanted, known)):
            raise ConfigurationRefused(flaws)
        changed = [
            hook for hook in wanted if not _same(before.get(hook.hook_id), known.get(hook.hook_id), hook)
        ]
        gone = sorted(before.keys() - {hook.hook_id for hook in wanted})
        if not changed and not gone:
            return False
        version = await records.next_hooks_version(tenant_id)
        for hook in changed:
            await self._keep(records, tenant_id, hook, known.get(hook.hook_id), version, actor)
        for hook_id in gone:
            await records.drop_hook(tenant_id, hook_id)
            await records.note(tenant_id, AuditRow(actor, "hook.removed", hook_id))
        return True

    async def registry(self, directory: Directory) -> HookRegistry:
        """All enabled hooks with their secrets; one that does not open harms no other."""
        # The version is read first: hooks that are newer than it are fetched again, never taken for older ones.
        version = await directory.hooks_version()
        suspended, unlicensed = await directory.suspended(), await directory.unlicensed()
        opened: list[OpenHook] = []
        closed: list[str] = []
        for sealed in await directory.enabled_hooks():
            hook = self._opened(sealed)
            if hook is None:
                closed.append(sealed.hook_id)
            else:
                shut = suspended - unlicensed if hook.verifier == TELLS_PAYMENTS else suspended
                opened.append(replace(hook, suspended=hook.tenant_id in shut))
        return HookRegistry(
            version, tuple(opened), tuple(closed), tuple(sorted(suspended)), tuple(sorted(unlicensed))
        )

    async def _keep(
        self, records: TenantRecords, tenant_id: str, wanted: WantedHook, before: OpenHook | None,
        version: int, actor: str,
    ) -> None:  # fmt: skip
        secrets = before.secrets if wanted.secrets is None and before else wanted.secrets or ()
        settings = before.settings if wanted.settings is None and before else wanted.settings or {}
        bare = SealedHook(
            wanted.hook_id, tenant_id, wanted.source, wanted.verifier, wanted.enabled, version, ""
        )
        inside = {"secrets": json.dumps(secrets), "settings": json.dumps(dict(settings), sort_keys=True)}
        key = await sealing_key(self._seals, records, tenant_id)
        hook = replace(bare, box=self._seals.seal(inside, hook_context(bare), key), key=key)
        if not await records.keep_hook(hook):
            raise HookTaken(wanted.hook_id)
        details = {
            "source": hook.source, "verifier": hook.verifier, "enabled": hook.enabled, "version": version,
            "secrets_changed": before is None or secrets != before.secrets,
            "settings_changed": before is None or settings != before.settings,
        }  # fmt: skip
        await records.note(tenant_id, AuditRow(actor, "hook.set", hook.hook_id, details))

    def _opened(self, hook: SealedHook) -> OpenHook | None:
        try:
            box = self._seals.open(hook.box, hook_context(hook), hook.key)
        except CannotOpen:
            return None
        secrets: list[str] = json.loads(box["secrets"])
        # A box of before there were settings has none.
        settings: dict[str, object] = json.loads(box.get("settings", "{}"))
        return OpenHook(hook.hook_id, hook.tenant_id, hook.source, hook.verifier, tuple(secrets), settings)


def _same(sealed: SealedHook | None, opened: OpenHook | None, wanted: WantedHook) -> bool:
    if sealed is None:
        return False
    if (sealed.source, sealed.verifier, sealed.enabled) != (wanted.source, wanted.verifier, wanted.enabled):
        return False
    if opened is None:
        return wanted.secrets is None and wanted.settings is None
    return wanted.secrets in {None, opened.secrets} and wanted.settings in (None, opened.settings)
