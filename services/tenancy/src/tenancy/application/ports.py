"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tenancy.domain.credentials import SealedCredential
from tenancy.domain.hooks import SealedHook
from tenancy.domain.keys import WrappedKey
from tenancy.domain.tenant import Tenant

Detail = Mapping[str, str | int | bool | Sequence[str]]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who changed what, and when. `details` name fields and versions, never a secret's value."""

    actor: str
    action: str
    subject: str
    details: Detail = field(default_factory=dict[str, str | int | bool | Sequence[str]])
    at: datetime | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which audit rows are asked for; what is not given fits all.

    An `action` is whole (`credential.set`) or its noun alone (`credential`). `before` is the id of a row.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A tenant as it was, since when, and who made it so."""

    tenant: Tenant
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ListedTenant:
    """A line of the directory."""

    tenant_id: str
    name: str
    created_at: datetime
    suspended: bool = False


class TenantRecords(Protocol):
    """All that is kept of one tenant, within one transaction."""

    async def lock(self, tenant_id: str, name: str) -> None:
        """Enter the tenant in the directory if it is new, and let nobody else change it until the end."""
        ...

    async def lock_known(self, tenant_id: str) -> bool:
        """Let nobody else change a tenant until the end; False when there is no such tenant."""
        ...

    async def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant's profile."""
        ...

    async def keep_tenant(self, tenant: Tenant, actor: str) -> None:
        """Keep a profile, new or changed, and each of its versions for good."""
        ...

    async def version(self, tenant_id: str, version: int) -> KeptVersion | None:
        """The tenant's profile as it was in a version."""
        ...

    async def versions(self, tenant_id: str, limit: int, before: int | None = None) -> list[KeptVersion]:
        """The newest versions, newest first; of those before one, if it is given."""
        ...

    async def credentials(self, tenant_id: str) -> list[SealedCredential]:
        """The tenant's credentials by name, those taken away too."""
        ...

    async def keep_credential(self, tenant_id: str, credential: SealedCredential) -> None:
        """Keep a credential, new or changed."""
        ...

    async def hooks(self, tenant_id: str) -> list[SealedHook]:
        """The tenant's hooks by id."""
        ...

    async def next_hooks_version(self, tenant_id: str) -> int:
        """A new version for a tenant's hooks: it rises and is never used again."""
        ...

    async def keep_hook(self, hook: SealedHook) -> bool:
        """Keep a hook, new or changed; False when its id belongs to another tenant."""
        ...

    async def drop_hook(self, tenant_id: str, hook_id: str) -> None:
        """Take a hook away."""
        ...

    async def data_keys(self, tenant_id: str) -> list[WrappedKey]:
        """The tenant's data keys, oldest first; the last one seals."""
        ...

    async def keep_data_key(self, key: WrappedKey) -> None:
        """Keep a data key: new, wrapped anew or destroyed."""
        ...

    async def drop_idle_data_keys(self, tenant_id: str) -> None:
        """Forget the keys before the last one that no box is under any more."""
        ...

    async def note(self, tenant_id: str, row: AuditRow) -> None:
        """Add an audit row."""
        ...

    async def audit(self, tenant_id: str, limit: int, query: AuditQuery | None = None) -> list[AuditRow]:
        """The newest audit rows that are asked for, newest first."""
        ...


class Directory(Protocol):
    """What is known before a tenant is: who exists, and all hooks. Of the whole fleet, within one transaction."""

    async def tenants(self) -> list[ListedTenant]:
        """All tenants by id."""
        ...

    async def hooks_version(self) -> int:
        """Rises with each change of any hook."""
        ...

    async def enabled_hooks(self) -> list[SealedHook]:
        """All hooks that accept webhooks, by id; none whose key was destroyed."""
        ...

    async def suspended(self) -> frozenset[str]:
        """The tenants that are suspended."""
        ...

    async def unlicensed(self) -> frozenset[str]:
        """Those of the suspended whom only their licence stops."""
        ...


class Seals(Protocol):
    """Seals small values at rest under a tenant's data key, bound to a context."""

    def new_key(self, tenant_id: str, version: int) -> WrappedKey:
        """A new data key, wrapped."""
        ...

    def unwraps(self, key: WrappedKey) -> bool:
        """Whether the ring can use the key."""
        ...

    def rewrapped(self, key: WrappedKey) -> WrappedKey | None:
        """The same key under the newest key of the ring; None when it is that already. Raises `CannotOpen`."""
        ...

    def seal(self, values: Mapping[str, str], context: str, key: WrappedKey) -> str:
        """A box. Raises `CannotOpen` when the key does not unwrap."""
        ...

    def open(self, box: str, context: str, key: WrappedKey | None) -> dict[str, str]:
        """What is in the box; without a key the ring itself sealed it. Raises `CannotOpen`."""
        ...


class CannotOpen(Exception):
    """A box does not open; the message says why and what to do."""


class KeyDestroyed(CannotOpen):
    """The tenant's data key was destroyed: nothing of it opens any more, and nothing new is sealed for it."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            f"the key of the tenant {tenant_id} was destroyed: its credentials and hooks are gone for good"
        )


class UnknownTenant(Exception):
    """There is no such tenant."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"there is no tenant {tenant_id}")
        self.tenant_id = tenant_id


class UnknownVersion(Exception):
    """The tenant never had such a version."""

    def __init__(self, tenant_id: str, version: int) -> None:
        super().__init__(f"the tenant {tenant_id} has no version {version}")


class Stale(Exception):
    """The tenant was changed by somebody else meanwhile; nothing of this change was kept."""

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"{tenant_id} was changed meanwhile: read it again and decide anew")


class UnknownCredential(Exception):
    """The tenant has no such credential."""

    def __init__(self, tenant_id: str, name: str) -> None:
        super().__init__(f"the tenant {tenant_id} has no credential {name}")


class HookTaken(Exception):
    """A hook's id belongs to another tenant."""

    def __init__(self, hook_id: str) -> None:
        super().__init__(f"the hook id {hook_id} is taken by another tenant: choose another")
