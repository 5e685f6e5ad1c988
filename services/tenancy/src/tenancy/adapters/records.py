"""What is kept of one tenant: the queries of `TenantRecords`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import Session
from contracts.envelope import new_id
from tenancy.adapters.store import AUDIT, CREDENTIALS, DATA_KEYS, DIRECTORY, HOOKS, TENANTS, VERSIONS
from tenancy.application.ports import AuditQuery, AuditRow, Detail, KeptVersion
from tenancy.domain.credentials import SealedCredential
from tenancy.domain.hooks import SealedHook
from tenancy.domain.keys import WrappedKey
from tenancy.domain.tenant import Tenant

_TENANT = TypeAdapter(Tenant)


class StoredTenant:
    """The port `TenantRecords` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, tenant_id: str, name: str) -> None:
        """Enter the tenant in the directory if it is new, and lock its line."""
        entry = insert(DIRECTORY).values(tenant_id=tenant_id, name=name, created_at=_now())
        await self._session.execute(
            entry.on_conflict_do_update(index_elements=["tenant_id"], set_={"name": entry.excluded["name"]})
        )

    async def lock_known(self, tenant_id: str) -> bool:
        """Lock a tenant's line; False when there is none."""
        found = await self._session.execute(
            select(DIRECTORY.c.tenant_id).where(DIRECTORY.c.tenant_id == tenant_id).with_for_update()
        )
        return found.first() is not None

    async def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant's profile."""
        found = await self._session.execute(select(TENANTS).where(TENANTS.c.tenant_id == tenant_id))
        row = found.mappings().first()
        return _TENANT.validate_python(dict(row)) if row is not None else None

    async def keep_tenant(self, tenant: Tenant, actor: str) -> None:
        """Keep a profile, new or changed, and each of its versions for good."""
        document: dict[str, object] = _TENANT.dump_python(tenant, mode="json")
        values = {**document, "changed_at": _now()}
        version = insert(VERSIONS).values(
            tenant_id=tenant.tenant_id, version=tenant.version, document=document, actor=actor,
            at=values["changed_at"],
        )  # fmt: skip
        await self._session.execute(version)
        keep = insert(TENANTS).values(values)
        changed = {name: keep.excluded[name] for name in values if name != "tenant_id"}
        await self._session.execute(keep.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))
        await self._session.execute(
            update(DIRECTORY)
            .where(DIRECTORY.c.tenant_id == tenant.tenant_id)
            .values(suspended=tenant.suspended, suspended_by=tenant.suspended_by)
        )

    async def version(self, tenant_id: str, version: int) -> KeptVersion | None:
        """The tenant's profile as it was in a version."""
        found = await self._session.execute(
            select(VERSIONS).where(VERSIONS.c.tenant_id == tenant_id, VERSIONS.c.version == version)
        )
        row = found.mappings().first()
        return _version(row) if row is not None else None

    async def versions(self, tenant_id: str, limit: int, before: int | None = None) -> list[KeptVersion]:
        """The newest versions, newest first; of those before one, if it is given."""
        wanted = select(VERSIONS).where(VERSIONS.c.tenant_id == tenant_id)
        if before is not None:
            wanted = wanted.where(VERSIONS.c.version < before)
        found = await self._session.execute(wanted.order_by(VERSIONS.c.version.desc()).limit(limit))
        return [_version(row) for row in found.mappings()]

    async def credentials(self, tenant_id: str) -> list[SealedCredential]:
        """The tenant's credentials by name, those taken away too."""
        found = await self._session.execute(
            _with_keys(CREDENTIALS).where(CREDENTIALS.c.tenant_id == tenant_id).order_by(CREDENTIALS.c.name)
        )
        return [
            SealedCredential(row["name"], row["version"], row["box"], _key_of(row))
            for row in found.mappings()
        ]

    async def keep_credential(self, tenant_id: str, credential: SealedCredential) -> None:
        """Keep a credential, new or changed."""
        keep = insert(CREDENTIALS).values(
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
            sealed_hooks().where(HOOKS.c.tenant_id == tenant_id).order_by(HOOKS.c.hook_id)
        )
        return [hook_of(row) for row in found.mappings()]

    async def next_hooks_version(self, tenant_id: str) -> int:
        """A new version for a tenant's hooks: it rises and is never used again."""
        raised = await self._session.execute(
            update(DIRECTORY)
            .where(DIRECTORY.c.tenant_id == tenant_id)
            .values(hooks_version=DIRECTORY.c.hooks_version + 1)
            .returning(DIRECTORY.c.hooks_version)
        )
        return int(raised.scalar_one())

    async def keep_hook(self, hook: SealedHook) -> bool:
        """Keep a hook, new or changed; False when its id belongs to another tenant."""
        values = {name: value for name, value in asdict(hook).items() if name != "key"}
        keep = insert(HOOKS).values(**values, changed_at=_now())
        names = ("source", "verifier", "enabled", "version", "box", "changed_at")
        kept = await self._session.execute(
            keep.on_conflict_do_update(
                index_elements=["hook_id"],
                set_={name: keep.excluded[name] for name in names},
                where=HOOKS.c.tenant_id == hook.tenant_id,
            ).returning(HOOKS.c.hook_id)
        )
        return kept.first() is not None

    async def drop_hook(self, tenant_id: str, hook_id: str) -> None:
        """Take a hook away."""
        await self._session.execute(
            delete(HOOKS).where(HOOKS.c.tenant_id == tenant_id, HOOKS.c.hook_id == hook_id)
        )

    async def data_keys(self, tenant_id: str) -> list[WrappedKey]:
        """The tenant's data keys, oldest first; the last one seals."""
        columns = select(DATA_KEYS.c.tenant_id, DATA_KEYS.c.version, DATA_KEYS.c.wrapped)
        found = await self._session.execute(
            columns.where(DATA_KEYS.c.tenant_id == tenant_id).order_by(DATA_KEYS.c.version)
        )
        return [WrappedKey(*row) for row in found.tuples()]

    async def keep_data_key(self, key: WrappedKey) -> None:
        """Keep a data key: new, wrapped anew or destroyed."""
        keep = insert(DATA_KEYS).values(
            **asdict(key), made_at=_now(), destroyed_at=_now() if key.destroyed else None
        )
        changed = {name: keep.excluded[name] for name in ("wrapped", "destroyed_at")}
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["tenant_id", "version"], set_=changed)
        )

    async def drop_idle_data_keys(self, tenant_id: str) -> None:
        """Forget the keys before the last one that no box is under any more."""
        newest = select(func.max(DATA_KEYS.c.version)).where(DATA_KEYS.c.tenant_id == tenant_id)
        used = [
            select(sealed.c.key_version).where(
                sealed.c.tenant_id == tenant_id, sealed.c.key_version.is_not(None)
            )
            for sealed in (CREDENTIALS, HOOKS)
        ]
        await self._session.execute(
            delete(DATA_KEYS).where(
                DATA_KEYS.c.tenant_id == tenant_id,
                DATA_KEYS.c.version < newest.scalar_subquery(),
                *(DATA_KEYS.c.version.not_in(versions) for versions in used),
            )
        )

    async def note(self, tenant_id: str, row: AuditRow) -> None:
        """Add an audit row."""
        values = {**asdict(row), "at": row.at or _now(), "tenant_id": tenant_id, "id": new_id()}
        await self._session.execute(insert(AUDIT).values(values))

    async def audit(self, tenant_id: str, limit: int, query: AuditQuery | None = None) -> list[AuditRow]:
        """The newest audit rows that are asked for, newest first."""
        wanted = select(AUDIT).where(AUDIT.c.tenant_id == tenant_id, *_asked(query or AuditQuery()))
        found = await self._session.execute(wanted.order_by(AUDIT.c.id.desc()).limit(limit))
        return [
            AuditRow(
                row["actor"],
                row["action"],
                row["subject"],
                cast(Detail, row["details"]),
                row["at"],
                row["id"],
            )
            for row in found.mappings()
        ]


def _asked(query: AuditQuery) -> Iterator[ColumnElement[bool]]:
    for column, value in ((AUDIT.c.actor, query.actor), (AUDIT.c.subject, query.subject)):
        if value is not None:
            yield column == value
    if query.action is not None:
        yield or_(
            AUDIT.c.action == query.action, AUDIT.c.action.startswith(f"{query.action}.", autoescape=True)
        )
    if query.since is not None:
        yield AUDIT.c.at >= query.since
    if query.until is not None:
        yield AUDIT.c.at < query.until
    if query.before is not None:
        yield AUDIT.c.id < query.before


def _version(row: RowMapping) -> KeptVersion:
    return KeptVersion(_TENANT.validate_python(row["document"]), row["actor"], row["at"])


def sealed_hooks() -> Select[Any]:
    """All hooks, each with the key of its box."""
    return _with_keys(HOOKS)


def hook_of(row: RowMapping) -> SealedHook:
    """A hook as `sealed_hooks` found it."""
    return SealedHook(
        row["hook_id"], row["tenant_id"], row["source"], row["verifier"], row["enabled"], row["version"], row["box"],
        _key_of(row),
    )  # fmt: skip


def _with_keys(sealed: Table) -> Select[Any]:
    """Boxes and their keys in one statement: whoever reads while keys turn sees both as they were, or both new."""
    same = and_(DATA_KEYS.c.tenant_id == sealed.c.tenant_id, DATA_KEYS.c.version == sealed.c.key_version)
    return select(sealed, DATA_KEYS.c.wrapped).outerjoin(DATA_KEYS, same)


def _key_of(row: RowMapping) -> WrappedKey | None:
    if row["key_version"] is None:
        return None
    return WrappedKey(row["tenant_id"], row["key_version"], row["wrapped"])


def _now() -> datetime:
    return datetime.now(UTC)
