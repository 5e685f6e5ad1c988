"""Bring a tenant to a wanted configuration: profile, credentials and hooks at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contracts.envelope import Event
from contracts.tenants.v1 import TenantConfigured, TenantCreated
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.ports import AuditRow, TenantRecords
from tenancy.domain.credentials import credential_flaws
from tenancy.domain.flaws import ConfigurationRefused, Flaw
from tenancy.domain.hooks import WantedHook
from tenancy.domain.tenant import Tenant, tenant_flaws


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a tenant shall be. `None` leaves pause, credentials or hooks as they are; else they are replaced whole."""

    tenant: Tenant
    paused: bool | None = None
    credentials: Mapping[str, Mapping[str, str]] | None = None
    hooks: tuple[WantedHook, ...] | None = None


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
        """Raises `ConfigurationRefused` with every flaw, and `HookTaken`; nothing is kept then."""
        tenant_id = wanted.tenant.tenant_id
        _refuse_flaws([*tenant_flaws(wanted.tenant), *_credential_flaws(wanted)])
        await records.lock(tenant_id, wanted.tenant.name)
        before = await records.tenant(tenant_id)

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
            suspended_because=before.suspended_because,
        )  # fmt: skip
        changes = before.changes(tenant)
        if not changes and not hooks_changed:
            return before
        tenant = replace(tenant, version=before.version + 1)
        await records.keep_tenant(tenant, actor)
        if changes:
            details = {"fields": changes, "version": tenant.version}
            await records.note(
                tenant.tenant_id, AuditRow(actor, "tenant.configured", tenant.tenant_id, details)
            )
        return tenant


def _credential_flaws(wanted: Configuration) -> list[Flaw]:
    given = wanted.credentials or {}
    return [
        flaw
        for name, values in given.items()
        for flaw in credential_flaws(name, values, f"credentials/{name}")
    ]


def _refuse_flaws(flaws: list[Flaw]) -> None:
    if flaws:
        raise ConfigurationRefused(flaws)
