"""Tenants for the people who run them: `/api/v1/tenants`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from chassis.http import Caller, Problem, caller_of, scope
from tenancy.application.pause_tenant import pause_tenant
from tenancy.application.ports import UnknownTenant
from tenancy.entrypoints.http.desk import STALE, Actor, Desk, Expected, TenantId, problems
from tenancy.entrypoints.http.documents import TenantDocument, TenantLine, TenantView, Values, opened
from tenancy.entrypoints.http.views import view_of

_PARTS = ("credentials", "hooks")
"""What of a tenant's document wants a scope of its own."""
_CREDENTIALS = scope("credentials:write")


def public_router(desk: Desk) -> APIRouter:
    """Tenants for the people who run them: `/api/v1/tenants`."""
    router = APIRouter(prefix="/api/v1/tenants", tags=["tenants"])

    @router.get("", summary="All tenants", openapi_extra=scope("fleet:read"))
    async def list_tenants() -> list[TenantLine]:
        async with desk.units.fleet() as session:
            return [TenantLine(**asdict(line)) for line in await desk.directory(session).tenants()]

    @router.get("/{tenant_id}", summary="A tenant, without secrets")
    async def show_tenant(tenant_id: TenantId, response: Response) -> TenantView:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                return await view_of(desk.records(session), tenant_id, response)

    @router.put(
        "/{tenant_id}", summary="Bring a tenant to this configuration",
        responses={201: {"model": TenantView, "description": "It is a new tenant"}, **STALE},
    )  # fmt: skip
    async def put_tenant(
        tenant_id: TenantId, document: TenantDocument, expected: Expected, response: Response,
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> TenantView:  # fmt: skip
        _check(tenant_id, document, caller)
        wanted = document.configuration(tenant_id, expected)
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                configured = await desk.configure(records, wanted, caller.actor)
                if configured.created and not caller.may("fleet:write"):
                    raise UnknownTenant(tenant_id)
                transaction.say(*configured.news)
                view = await view_of(records, tenant_id, response)
        response.status_code = 201 if configured.created else 200
        return view

    @router.put(
        "/{tenant_id}/credentials/{name}", summary="Set a credential", status_code=204,
        openapi_extra=_CREDENTIALS,
    )  # fmt: skip
    async def put_credential(tenant_id: TenantId, name: str, values: Values, actor: Actor) -> None:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await desk.credentials.set(records, tenant_id, name, opened(values), actor))

    @router.delete(
        "/{tenant_id}/credentials/{name}", summary="Take a credential away", status_code=204,
        openapi_extra=_CREDENTIALS,
    )  # fmt: skip
    async def delete_credential(tenant_id: TenantId, name: str, actor: Actor) -> None:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await desk.credentials.remove(records, tenant_id, name, actor))

    @router.post("/{tenant_id}/pause", summary="Let nothing leave in the tenant's name")
    async def pause(tenant_id: TenantId, actor: Actor, response: Response) -> TenantView:
        return await _set_pause(desk, tenant_id, response, paused=True, actor=actor)

    @router.post("/{tenant_id}/resume", summary="Release the tenant's brake")
    async def resume(tenant_id: TenantId, actor: Actor, response: Response) -> TenantView:
        return await _set_pause(desk, tenant_id, response, paused=False, actor=actor)

    return router


def _check(tenant_id: str, document: TenantDocument, caller: Caller) -> None:
    if document.tenant_id not in {None, tenant_id}:
        raise Problem(422, "Two tenants", f"the address says {tenant_id}, the document {document.tenant_id}")
    for part in _PARTS:
        if getattr(document, part) is not None and not caller.may(f"{part}:write"):
            raise Problem(403, "Forbidden", f"to set {part} needs the scope {part}:write: leave them out")


async def _set_pause(
    desk: Desk, tenant_id: str, response: Response, *, paused: bool, actor: str
) -> TenantView:
    with problems():
        async with desk.units.begin(tenant_id) as transaction:
            records = desk.records(transaction.session)
            _, news = await pause_tenant(records, tenant_id, paused=paused, actor=actor)
            transaction.say(*news)
            return await view_of(records, tenant_id, response)
