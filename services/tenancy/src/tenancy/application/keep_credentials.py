"""Keep a tenant's credentials, sealed; open them for the service that asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.envelope import Event
from contracts.tenants.v1 import CredentialsChanged
from tenancy.application.ports import (
    AuditRow,
    CannotOpen,
    Seals,
    TenantRecords,
    UnknownCredential,
    UnknownTenant,
)
from tenancy.application.tenant_keys import last_key, sealing_key
from tenancy.domain.credentials import PlaceFlaw, SealedCredential, credential_flaws
from tenancy.domain.flaws import ConfigurationRefused, Flaw


@dataclass(frozen=True, slots=True)
class OpenCredential:
    """A credential in clear, on its way to a service."""

    name: str
    version: int
    values: Mapping[str, str] = field(repr=False)


def credential_context(tenant_id: str, name: str, version: int) -> str:
    """What a credential's box is bound to."""
    return f"credential\x1f{tenant_id}\x1f{name}\x1f{version}"


class KeepCredentials:
    """Every change has a new version, a seal of its own, an audit row without values, and is told."""

    def __init__(self, seals: Seals, place_flaw: PlaceFlaw) -> None:
        self._seals = seals
        self._place_flaw = place_flaw

    def flaws(self, name: str, values: Mapping[str, str], at: str) -> list[Flaw]:
        """What is wrong with a credential, also with the places it names; `at` is where it stands."""
        return list(credential_flaws(name, values, at, self._place_flaw))

    async def open(self, records: TenantRecords, tenant_id: str, name: str) -> OpenCredential:
        """Raises `UnknownCredential`, and `CannotOpen` when its key is gone, `KeyDestroyed` when for good."""
        found = _by_name(await records.credentials(tenant_id)).get(name)
        if found is None or found.box is None:
            await last_key(records, tenant_id)
            raise UnknownCredential(tenant_id, name)
        values = self._seals.open(found.box, credential_context(tenant_id, name, found.version), found.key)
        return OpenCredential(name, found.version, values)

    async def set(
        self, records: TenantRecords, tenant_id: str, name: str, values: Mapping[str, str], actor: str
    ) -> tuple[Event, ...]:
        """Set one credential; what is to be said. Raises `UnknownTenant` and `ConfigurationRefused`."""
        if flaws := self.flaws(name, values, name):
            raise ConfigurationRefused(flaws)
        before = await self._before(records, tenant_id)
        return await self._set(records, tenant_id, name, values, before.get(name), actor)

    async def remove(
        self, records: TenantRecords, tenant_id: str, name: str, actor: str
    ) -> tuple[Event, ...]:
        """Take one credential away. Raises `UnknownTenant` and `UnknownCredential`."""
        found = (await self._before(records, tenant_id)).get(name)
        if found is None or found.box is None:
            raise UnknownCredential(tenant_id, name)
        return await self._remove(records, tenant_id, found, actor)

    async def replace_all(
        self, records: TenantRecords, tenant_id: str, wanted: Mapping[str, Mapping[str, str]], actor: str
    ) -> list[Event]:
        """Set those given and take the others away; the tenant is locked, the values are checked."""
        before = _by_name(await records.credentials(tenant_id))
        news: list[Event] = []
        for name in sorted(wanted):
            news += await self._set(records, tenant_id, name, wanted[name], before.get(name), actor)
        for name in sorted(before.keys() - wanted.keys()):
            if before[name].box is not None:
                news += await self._remove(records, tenant_id, before[name], actor)
        return news

    async def _before(self, records: TenantRecords, tenant_id: str) -> dict[str, SealedCredential]:
        if not await records.lock_known(tenant_id):
            raise UnknownTenant(tenant_id)
        return _by_name(await records.credentials(tenant_id))

    async def _set(
        self, records: TenantRecords, tenant_id: str, name: str, values: Mapping[str, str],
        before: SealedCredential | None, actor: str,
    ) -> tuple[Event, ...]:  # fmt: skip
        values = {key: value for key, value in values.items() if value.strip()}
        if before is not None and self._same(tenant_id, before, values):
            return ()
        version = before.version + 1 if before is not None else 1
        key = await sealing_key(self._seals, records, tenant_id)
        box = self._seals.seal(values, credential_context(tenant_id, name, version), key)
        await records.keep_credential(tenant_id, SealedCredential(name, version, box, key))
        await records.note(tenant_id, AuditRow(actor, "credential.set", name, {"version": version}))
        return (CredentialsChanged(tenant_id=tenant_id, credential=name),)

    async def _remove(
        self, records: TenantRecords, tenant_id: str, before: SealedCredential, actor: str
    ) -> tuple[Event, ...]:
        version = before.version + 1
        await records.keep_credential(tenant_id, SealedCredential(before.name, version, None))
        await records.note(
            tenant_id, AuditRow(actor, "credential.removed", before.name, {"version": version})
        )
        return (CredentialsChanged(tenant_id=tenant_id, credential=before.name),)

    def _same(self, tenant_id: str, before: SealedCredential, values: Mapping[str, str]) -> bool:
        if before.box is None:
            return False
        try:
            context = credential_context(tenant_id, before.name, before.version)
            return self._seals.open(before.box, context, before.key) == values
        except CannotOpen:
            # Its key is lost: setting it anew is the way to mend that.
            return False


def _by_name(credentials: list[SealedCredential]) -> dict[str, SealedCredential]:
    return {credential.name: credential for credential in credentials}
