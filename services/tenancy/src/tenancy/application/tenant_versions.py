"""Every version of a tenant is kept: it can be compared, and brought back."""

from __future__ import annotations

from dataclasses import dataclass

from tenancy.application.configure_tenant import Configuration, Configured, ConfigureTenant
from tenancy.application.ports import KeptVersion, TenantRecords, UnknownTenant, UnknownVersion


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two versions do not have in common."""

    field: str
    before: object
    after: object


async def version_of(records: TenantRecords, tenant_id: str, version: int) -> KeptVersion:
    """One version. Raises `UnknownTenant` and `UnknownVersion`."""
    kept = await records.version(tenant_id, version)
    if kept is None:
        if await records.tenant(tenant_id) is None:
            raise UnknownTenant(tenant_id)
        raise UnknownVersion(tenant_id, version)
    return kept


async def compare_versions(
    records: TenantRecords, tenant_id: str, before: int, after: int
) -> list[Difference]:
    """In what one version differs from another. Raises `UnknownTenant` and `UnknownVersion`."""
    old = (await version_of(records, tenant_id, before)).tenant
    new = (await version_of(records, tenant_id, after)).tenant
    return [Difference(name, getattr(old, name), getattr(new, name)) for name in old.changes(new)]


@dataclass(frozen=True, slots=True)
class RestoreVersion:
    """Bring an old version back, as a new one; brakes, credentials and hooks stay as they are."""

    configure: ConfigureTenant

    async def __call__(
        self, records: TenantRecords, tenant_id: str, version: int, *, expects: frozenset[str] | None, actor: str
    ) -> Configured:  # fmt: skip
        """Raises `UnknownTenant`, `UnknownVersion`, `Stale`, and `ConfigurationRefused` by what is sound today."""
        kept = await version_of(records, tenant_id, version)
        wanted = Configuration(kept.tenant, expects=expects, restores=version)
        return await self.configure(records, wanted, actor)
