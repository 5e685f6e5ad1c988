"""The versions of a tenant: list, show, compare and bring back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from contracts.tenants.http_v1 import TenantProfile
from tenancy.application.ports import KeptVersion, UnknownTenant
from tenancy.application.tenant_versions import RestoreVersion, compare_versions, version_of
from tenancy.entrypoints.http.desk import STALE, Actor, Desk, Expected, TenantId, problems
from tenancy.entrypoints.http.documents import TenantView
from tenancy.entrypoints.http.views import view_of

_MOST = 2**31 - 1
Version = Annotated[int, Path(ge=1, le=_MOST)]
Against = Annotated[int, Query(ge=1, le=_MOST, description="The version to compare with.")]
Before = Annotated[int | None, Query(ge=1, le=_MOST, description="`next` of the page before.")]


class VersionLine(BaseModel):
    """That a version is kept: since when, by whom, and what it changed."""

    version: int
    at: datetime
    actor: str
    changed: tuple[str, ...] = Field(description="Fields that differ from the version before it.")


class VersionPage(BaseModel):
    """Versions, newest first; ask again with `before` = `next`."""

    versions: list[VersionLine]
    next: int | None


class VersionView(BaseModel):
    """A tenant as it was."""

    version: int
    at: datetime
    actor: str
    profile: TenantProfile


class DifferenceLine(BaseModel):
    """A field that two versions do not have in common."""

    field: str
    before: object
    after: object


def versions_router(desk: Desk) -> APIRouter:
    """The versions of a tenant."""
    router = APIRouter(prefix="/api/v1/tenants/{tenant_id}/versions", tags=["tenants"])
    restore_version = RestoreVersion(desk.configure)

    @router.get("", summary="All versions, newest first")
    async def list_versions(
        tenant_id: TenantId, before: Before = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> VersionPage:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                kept = await desk.records(session).versions(tenant_id, limit + 1, before)
                if not kept and await desk.records(session).tenant(tenant_id) is None:
                    raise UnknownTenant(tenant_id)
        return _page(kept, limit)

    @router.get("/{version}", summary="A tenant as it was in one version")
    async def show_version(tenant_id: TenantId, version: Version) -> VersionView:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                kept = await version_of(desk.records(session), tenant_id, version)
        profile = TenantProfile.model_validate(asdict(kept.tenant))
        return VersionView(version=version, at=kept.at, actor=kept.actor, profile=profile)

    @router.get("/{version}/differences", summary="In what a version differs from another")
    async def show_differences(
        tenant_id: TenantId, version: Version, against: Against
    ) -> list[DifferenceLine]:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                found = await compare_versions(desk.records(session), tenant_id, against, version)
        return [DifferenceLine(**asdict(each)) for each in found]

    @router.post("/{version}/restore", summary="Bring a version back, as a new one", responses=STALE)
    async def restore(
        tenant_id: TenantId, version: Version, expected: Expected, actor: Actor, response: Response
    ) -> TenantView:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                done = await restore_version(records, tenant_id, version, expects=expected, actor=actor)
                transaction.say(*done.news)
                return await view_of(records, tenant_id, response)

    return router


def _page(kept: list[KeptVersion], limit: int) -> VersionPage:
    """`kept` has one more than the page, if there is one, for its last line to be compared with."""
    lines: list[VersionLine] = []
    for place, each in enumerate(kept[:limit]):
        older = kept[place + 1].tenant if place + 1 < len(kept) else None
        changed = older.changes(each.tenant) if older is not None else ()
        lines.append(VersionLine(version=each.tenant.version, at=each.at, actor=each.actor, changed=changed))
    return VersionPage(versions=lines, next=lines[-1].version if len(kept) > limit else None)
