"""Bring a tenant to a wanted configuration: profile, credentials and hooks at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts.envelope import Event
from contracts.tenants.v1 import TenantConfigured, TenantCreated
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.ports import AuditRow, Detail, Stale, TenantRecords
from tenancy.domain.flaws import ConfigurationRefused, Flaw
from tenancy.domain.hooks import WantedHook
from tenancy.domain.tenant import Tenant, tenant_flaws


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a tenant shall be. `None` leaves pause, credentials or hooks as they are; else they are replaced whole.

    `expects` are the revisions upon which the wish is built, `*` being any; `restores` is the version that comes back.
    """

    tenant: Tenant
    paused: bool | None = None
    credentials: Mapping[str, Mapping[str, str]] | None = None
    hooks: tuple[WantedHook, ...] | None = None
    expects: frozenset[str] | None = None
    restores: int | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """The tenant as it is now, and what is to be said about it; nothing is said when nothing changed."""

    tenant: Tenant
    created: bool
    news: tuple[Event, ...]


class ConfigureTenant:
    """The same configuration again changes nothing, says nothing and leaves no audit row."""

    def __init__(self, keep_credentials: KeepCredentials, keep_hooks: KeepHooks) -> None:
        self._keep_credentials = keep_credentials
        self._keep_hooks = keep_hooks

    async def __call__(self, records: TenantRecords, wanted: Configuration, actor: str) -> Configured:
        """Raises `ConfigurationRefused` with every flaw, `HookTaken`, `KeyDestroyed` and `Stale`; nothing is kept then."""
        tenant_id = wanted.tenant.tenant_id
        _refuse_flaws([*tenant_flaws(wanted.tenant), *self._credential_flaws(wanted)])
        await records.lock(tenant_id, wanted.tenant.name)
        before = await records.tenant(tenant_id)
        if wanted.expects is not None:
            await _expect(records, before, tenant_id, wanted.expects)

        hooks_changed = await self._keep_hooks(records, tenant_id, wanted.hooks, actor)
        tenant = await self._keep_profile(records, before, wanted, hooks_changed=hooks_changed, actor=actor)
        news: list[Event] = []
        if before is None:
            news.append(TenantCreated(tenant_id=tenant_id, name=tenant.name))
        if before is None or tenant.version != before.version:
            news.append(TenantConfigured(tenant_id=tenant_id, version=tenant.version))
        if wanted.credentials is not None:
            news += await self._keep_credentials.replace_all(records, tenant_id, wanted.credentials, actor)
        return Configured(tenant, before is None, tuple(news))

    def _credential_flaws(self, wanted: Configuration) -> list[Flaw]:
        given = wanted.credentials or {}
        return [
            flaw
            for name, values in given.items()
            for flaw in self._keep_credentials.flaws(name, values, f"credentials/{name}")
        ]

    async def _keep_profile(
        self,
        records: TenantRecords,
        before: Tenant | None,
        wanted: Configuration,
        *,
        hooks_changed: bool,
        actor: str,
    ) -> Tenant:
        if before is None:
            tenant = replace(wanted.tenant, version=1, paused=bool(wanted.paused))
            await records.keep_tenant(tenant, actor)
            await records.note(
                tenant.tenant_id, AuditRow(actor, "tenant.created", tenant.tenant_id, {"version": 1})
            )
            return tenant
        paused = before.paused if wanted.paused is None else wanted.paused
        tenant = replace(
            wanted.tenant, version=before.version, paused=paused, suspended=before.suspended,
            suspended_because=before.suspended_because, suspended_by=before.suspended_by, licence=before.licence,
        )  # fmt: skip
        changes = before.changes(tenant)
        if not changes and not hooks_changed:
            return before
        tenant = replace(tenant, version=before.version + 1)
        await records.keep_tenant(tenant, actor)
        if changes:
            details: Detail = {"fields": changes, "version": tenant.version}
            action = "tenant.configured"
            if wanted.restores is not None:
                action, details = "tenant.restored", {**details, "restored": wanted.restores}
            await records.note(tenant.tenant_id, AuditRow(actor, action, tenant.tenant_id, details))
        return tenant


async def revision_of(records: TenantRecords, tenant: Tenant) -> str:
    """By what two readings of a tenant are told apart: it differs after each change of profile, hooks or credentials."""
    credentials = await records.credentials(tenant.tenant_id)
    return f"{tenant.version}.{sum(credential.version for credential in credentials)}"


async def _expect(
    records: TenantRecords, before: Tenant | None, tenant_id: str, expects: frozenset[str]
) -> None:
    if before is None or ("*" not in expects and await revision_of(records, before) not in expects):
        raise Stale(tenant_id)


def _refuse_flaws(flaws: list[Flaw]) -> None:
    if flaws:
        raise ConfigurationRefused(flaws)
