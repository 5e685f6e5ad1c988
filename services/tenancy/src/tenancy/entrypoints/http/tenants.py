"""Tenants for the people who run them: `/api/v1/tenants`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.http import Problem
from tenancy.application.pause_tenant import pause_tenant
from tenancy.application.ports import TenantRecords, UnknownTenant
from tenancy.entrypoints.http.desk import Actor, Desk, TenantId, problems
from tenancy.entrypoints.http.documents import (
    AuditLine,
    CredentialLine,
    HookLine,
    TenantDocument,
    TenantLine,
    TenantView,
    Values,
    opened,
)


def public_router(desk: Desk) -> APIRouter:
    """Tenants for the people who run them: `/api/v1/tenants`."""
    router = APIRouter(prefix="/api/v1/tenants", tags=["tenants"])

    @router.get("", summary="All tenants")
    async def list_tenants() -> list[TenantLine]:
        async with desk.units.fleet() as session:
            return [TenantLine(**asdict(line)) for line in await desk.directory(session).tenants()]

    @router.get("/{tenant_id}", summary="A tenant, without secrets")
    async def show_tenant(tenant_id: TenantId) -> TenantView:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                return await _view(desk.records(session), tenant_id)

    @router.put("/{tenant_id}", summary="Bring a tenant to this configuration", status_code=200)
    async def put_tenant(
        tenant_id: TenantId, document: TenantDocument, actor: Actor, response: Response
    ) -> TenantView:
        if document.tenant_id not in {None, tenant_id}:
            raise Problem(
                422, "Two tenants", f"the address says {tenant_id}, the document {document.tenant_id}"
            )
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                configured = await desk.configure(records, document.configuration(tenant_id), actor)
                transaction.say(*configured.news)
                view = await _view(records, tenant_id)
        response.status_code = 201 if configured.created else 200
        return view

    @router.put("/{tenant_id}/credentials/{name}", summary="Set a credential", status_code=204)
    async def put_credential(tenant_id: TenantId, name: str, values: Values, actor: Actor) -> None:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await desk.credentials.set(records, tenant_id, name, opened(values), actor))

    @router.delete("/{tenant_id}/credentials/{name}", summary="Take a credential away", status_code=204)
    async def delete_credential(tenant_id: TenantId, name: str, actor: Actor) -> None:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await desk.credentials.remove(records, tenant_id, name, actor))

    @router.post("/{tenant_id}/pause", summary="Let nothing leave in the tenant's name")
    async def pause(tenant_id: TenantId, actor: Actor) -> TenantView:
        return await _set_pause(desk, tenant_id, paused=True, actor=actor)

    @router.post("/{tenant_id}/resume", summary="Release the tenant's brake")
    async def resume(tenant_id: TenantId, actor: Actor) -> TenantView:
        return await _set_pause(desk, tenant_id, paused=False, actor=actor)

    @router.get("/{tenant_id}/audit", summary="Who changed what, newest first")
    async def show_audit(
        tenant_id: TenantId, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> list[AuditLine]:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                records = desk.records(session)
                if await records.tenant(tenant_id) is None:
                    raise UnknownTenant(tenant_id)
                return [
                    AuditLine.model_validate(asdict(row)) for row in await records.audit(tenant_id, limit)
                ]

    return router


async def _set_pause(desk: Desk, tenant_id: str, *, paused: bool, actor: str) -> TenantView:
    with problems():
        async with desk.units.begin(tenant_id) as transaction:
            records = desk.records(transaction.session)
            _, news = await pause_tenant(records, tenant_id, paused=paused, actor=actor)
            transaction.say(*news)
            return await _view(records, tenant_id)


async def _view(records: TenantRecords, tenant_id: str) -> TenantView:
    tenant = await records.tenant(tenant_id)
    if tenant is None:
        raise UnknownTenant(tenant_id)
    credentials = [
        CredentialLine(name=credential.name, version=credential.version)
        for credential in await records.credentials(tenant_id)
        if credential.box is not None
    ]
    hooks = [
        HookLine(**asdict(hook), path=f"/webhooks/{hook.source}/{hook.hook_id}")
        for hook in await records.hooks(tenant_id)
    ]
    return TenantView.model_validate({**asdict(tenant), "credentials": credentials, "hooks": hooks})
