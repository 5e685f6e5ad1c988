"""Which store a tenant has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chassis import Tenants
from chassis.errors import NeedsTenant
from contracts.tenants.http_v1 import Credential
from file_management.adapters.local_disk import LocalDisk
from file_management.adapters.microsoft_login import AppRegistration, MicrosoftLogin
from file_management.adapters.onedrive.adapter import OneDrive
from file_management.adapters.onedrive.client import CREDENTIAL, DriveClient
from file_management.application.ports import FileStore, StoreName
from vendorkit import PUBLIC_ONLY, Guard, url_flaw

_NEEDED = ("authority_url", "base_url", "client_id", "client_secret", "directory_id", "user")


@dataclass(frozen=True, slots=True)
class _Connected:
    credential: Credential
    drive: OneDrive


class TenantStores:
    """The tenants' stores; a OneDrive's connections and token are kept until its credential changes."""

    def __init__(
        self, tenants: Tenants, local_root: Path, *, seconds: float, guard: Guard = PUBLIC_ONLY
    ) -> None:
        self._tenants = tenants
        self._local_root = local_root
        self._seconds = seconds
        self._guard = guard
        self._connected: dict[str, _Connected] = {}

    async def of(self, tenant_id: str, name: StoreName) -> FileStore:
        """The tenant's store of that name. Raises `NeedsTenant` when a credential is missing."""
        if name == "local":
            return LocalDisk(self._local_root, tenant_id)
        credential = await self._tenants.credential(tenant_id, CREDENTIAL)
        known = self._connected.get(tenant_id)
        if known is None or known.credential != credential:
            known = _Connected(
                credential, OneDrive(_client(tenant_id, credential, self._seconds, self._guard))
            )
            self._connected[tenant_id] = known
        return known.drive


def _client(tenant_id: str, credential: Credential, seconds: float, guard: Guard) -> DriveClient:
    missing = [name for name in _NEEDED if name not in credential.values]
    if missing:
        raise NeedsTenant(
            f"the credential '{CREDENTIAL}' of tenant {tenant_id} lacks {', '.join(missing)}: complete it",
            credential=CREDENTIAL,
        )
    values = {name: credential.values[name].get_secret_value() for name in _NEEDED if name != "client_secret"}
    for name in ("authority_url", "base_url"):
        if flaw := url_flaw(guard, values[name]):
            raise NeedsTenant(
                f"{name} in the credential '{CREDENTIAL}' of tenant {tenant_id} {flaw}", credential=CREDENTIAL
            )
    login = MicrosoftLogin(
        AppRegistration(
            authority_url=values["authority_url"],
            directory_id=values["directory_id"],
            client_id=values["client_id"],
            client_secret=credential.values["client_secret"],
        ),
        guard,
    )
    return DriveClient(values["base_url"], values["user"], login, seconds=seconds, guard=guard)
