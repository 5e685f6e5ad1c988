"""Tenancy's tables and queries.

`tenants`, `credentials` and `audit` are the tenants' own, behind row-level security. `directory` and `hooks` are the
fleet's: they must be readable before a tenant is known, and hold no secret in clear.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Literal, cast

from pydantic import TypeAdapter
from sqlalchemy import DateTime, Float, RowMapping, Table, Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel

from chassis import Session
from contracts.envelope import new_id
from tenancy.application.ports import AuditRow, Detail, ListedTenant
from tenancy.domain.credentials import SealedCredential
from tenancy.domain.hooks import SealedHook
from tenancy.domain.tenant import Tenant

_SCHEMA = {"schema": "tenancy"}
_TENANT = TypeAdapter(Tenant)
_JSON = dict[str, object]


class DirectoryRow(SQLModel, table=True):
    """That a tenant exists; its row is locked while the tenant is changed."""

    __tablename__ = "directory"  # pyright: ignore[reportAssignmentType] — SQLModel declares it as a callable
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text)
    hooks_version: int = 0
    created_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class HookRow(SQLModel, table=True):
    """A hook; `box` holds its secrets."""

    __tablename__ = "hooks"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    hook_id: str = Field(sa_type=Text, primary_key=True)
    tenant_id: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    verifier: str = Field(sa_type=Text)
    enabled: bool
    version: int
    box: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class TenantRow(SQLModel, table=True):
    """A tenant's profile; the columns are the fields of `domain.tenant.Tenant`."""

    __tablename__ = "tenants"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    version: int
    name: str = Field(sa_type=Text)
    mailbox: str = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    agent_email: str = Field(sa_type=Text)
    texts: dict[str, dict[str, str]] = Field(sa_type=JSONB)
    time_zone: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    autonomy: str = Field(sa_type=Text)
    rules: list[_JSON] = Field(sa_type=JSONB)
    paused: bool
    burst_window_seconds: float = Field(sa_type=Float)
    replies_per_contact_per_day: int
    replies_per_hour: int
    crm: str = Field(sa_type=Text)
    file_store: str = Field(sa_type=Text)
    folder_template: str = Field(sa_type=Text)
    filename_template: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class TenantVersionRow(SQLModel, table=True):
    """A tenant's profile as it was from one version to the next."""

    __tablename__ = "tenant_versions"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    version: int = Field(primary_key=True)
    document: _JSON = Field(sa_type=JSONB)
    actor: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class CredentialRow(SQLModel, table=True):
    """A sealed credential; without a box it was taken away and only its version is kept."""

    __tablename__ = "credentials"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text, primary_key=True)
    version: int
    box: str | None = Field(sa_type=Text, nullable=True)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class AuditEntryRow(SQLModel, table=True):
    """Who changed what, and when."""

    __tablename__ = "audit"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    id: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    actor: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    details: _JSON = Field(sa_type=JSONB)


_DIRECTORY, _HOOKS, _TENANTS, _VERSIONS, _CREDENTIALS, _AUDIT = (
    cast(Table, row.__table__)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType] — set by SQLModel
    for row in (DirectoryRow, HookRow, TenantRow, TenantVersionRow, CredentialRow, AuditEntryRow)
)


class StoredTenant:
    """The port `TenantRecords` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, tenant_id: str, name: str) -> None:
        """Enter the tenant in the directory if it is new, and lock its line."""
        entry = insert(_DIRECTORY).values(tenant_id=tenant_id, name=name, created_at=_now())
        await self._session.execute(
            entry.on_conflict_do_update(index_elements=["tenant_id"], set_={"name": entry.excluded["name"]})
        )

    async def lock_known(self, tenant_id: str) -> bool:
        """Lock a tenant's line; False when there is none."""
        found = await self._session.execute(
            select(_DIRECTORY.c.tenant_id).where(_DIRECTORY.c.tenant_id == tenant_id).with_for_update()
        )
        return found.first() is not None

    async def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant's profile."""
        found = await self._session.execute(select(_TENANTS).where(_TENANTS.c.tenant_id == tenant_id))
        row = found.mappings().first()
        return _TENANT.validate_python(dict(row)) if row is not None else None

    async def keep_tenant(self, tenant: Tenant, actor: str) -> None:
        """Keep a profile, new or changed, and each of its versions for good."""
        values = {**asdict(tenant), "changed_at": _now()}
        document = _TENANT.dump_python(tenant, mode="json")
        version = insert(_VERSIONS).values(
            tenant_id=tenant.tenant_id, version=tenant.version, document=document, actor=actor,
            at=values["changed_at"],
        )  # fmt: skip
        await self._session.execute(version)
        keep = insert(_TENANTS).values(values)
        changed = {name: keep.excluded[name] for name in values if name != "tenant_id"}
        await self._session.execute(keep.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))

    async def credentials(self, tenant_id: str) -> list[SealedCredential]:
        """The tenant's credentials by name, those taken away too."""
        columns = select(_CREDENTIALS.c.name, _CREDENTIALS.c.version, _CREDENTIALS.c.box)
        found = await self._session.execute(
            columns.where(_CREDENTIALS.c.tenant_id == tenant_id).order_by(_CREDENTIALS.c.name)
        )
        return [SealedCredential(name, version, box) for name, version, box in found.tuples()]

    async def keep_credential(self, tenant_id: str, credential: SealedCredential) -> None:
        """Keep a credential, new or changed."""
        keep = insert(_CREDENTIALS).values(
            tenant_id=tenant_id, name=credential.name, version=credential.version, box=credential.box,
            changed_at=_now(),
        )  # fmt: skip
        changed = {name: keep.excluded[name] for name in ("version", "box", "changed_at")}
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["tenant_id", "name"], set_=changed)
        )

    async def hooks(self, tenant_id: str) -> list[SealedHook]:
        """The tenant's hooks by id."""
        found = await self._session.execute(
            select(_HOOKS).where(_HOOKS.c.tenant_id == tenant_id).order_by(_HOOKS.c.hook_id)
        )
        return [_hook(row) for row in found.mappings()]

    async def next_hooks_version(self, tenant_id: str) -> int:
        """A new version for a tenant's hooks: it rises and is never used again."""
        raised = await self._session.execute(
            update(_DIRECTORY)
            .where(_DIRECTORY.c.tenant_id == tenant_id)
            .values(hooks_version=_DIRECTORY.c.hooks_version + 1)
            .returning(_DIRECTORY.c.hooks_version)
        )
        return int(raised.scalar_one())

    async def keep_hook(self, hook: SealedHook) -> bool:
        """Keep a hook, new or changed; False when its id belongs to another tenant."""
        keep = insert(_HOOKS).values(**asdict(hook), changed_at=_now())
        names = ("source", "verifier", "enabled", "version", "box", "changed_at")
        kept = await self._session.execute(
            keep.on_conflict_do_update(
                index_elements=["hook_id"],
                set_={name: keep.excluded[name] for name in names},
                where=_HOOKS.c.tenant_id == hook.tenant_id,
            ).returning(_HOOKS.c.hook_id)
        )
        return kept.first() is not None

    async def drop_hook(self, tenant_id: str, hook_id: str) -> None:
        """Take a hook away."""
        await self._session.execute(
            delete(_HOOKS).where(_HOOKS.c.tenant_id == tenant_id, _HOOKS.c.hook_id == hook_id)
        )

    async def note(self, tenant_id: str, row: AuditRow) -> None:
        """Add an audit row."""
        values = {**asdict(row), "at": row.at or _now(), "tenant_id": tenant_id, "id": new_id()}
        await self._session.execute(insert(_AUDIT).values(values))

    async def audit(self, tenant_id: str, limit: int) -> list[AuditRow]:
        """The newest audit rows, newest first."""
        found = await self._session.execute(
            select(_AUDIT).where(_AUDIT.c.tenant_id == tenant_id).order_by(_AUDIT.c.id.desc()).limit(limit)
        )
        return [
            AuditRow(row["actor"], row["action"], row["subject"], cast(Detail, row["details"]), row["at"])
            for row in found.mappings()
        ]


class StoredDirectory:
    """The port `Directory` in one transaction of no tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tenants(self) -> list[ListedTenant]:
        """All tenants by id."""
        columns = select(_DIRECTORY.c.tenant_id, _DIRECTORY.c.name, _DIRECTORY.c.created_at)
        found = await self._session.execute(columns.order_by(_DIRECTORY.c.tenant_id))
        return [ListedTenant(tenant_id, name, created_at) for tenant_id, name, created_at in found.tuples()]

    async def hooks_version(self) -> int:
        """The sum of the tenants' versions: each rises alone, so it rises with any change."""
        found = await self._session.execute(select(func.coalesce(func.sum(_DIRECTORY.c.hooks_version), 0)))
        return int(found.scalar_one())

    async def enabled_hooks(self) -> list[SealedHook]:
        """All hooks that accept webhooks, by id."""
        found = await self._session.execute(select(_HOOKS).where(_HOOKS.c.enabled).order_by(_HOOKS.c.hook_id))
        return [_hook(row) for row in found.mappings()]


def _hook(row: RowMapping) -> SealedHook:
    verifier: Literal["hmac"] = row["verifier"]
    return SealedHook(
        row["hook_id"], row["tenant_id"], row["source"], verifier, row["enabled"], row["version"], row["box"]
    )


def _now() -> datetime:
    return datetime.now(UTC)
