"""What the other services ask tenancy: `/internal`. Opened secrets go to services alone and are never cached."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from zlib import crc32

import structlog
from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import JSONResponse

from chassis.http import Problem, service_only
from contracts.tenants.http_v1 import TenantList, TenantProfile
from tenancy.application.ports import KeyDestroyed, UnknownTenant
from tenancy.entrypoints.http.desk import Desk, TenantId, problems

_NO_STORE = {"Cache-Control": "no-store"}
_log = structlog.get_logger("tenancy.http")


def internal_router(desk: Desk) -> APIRouter:
    """What the other services ask: `/internal`. Opened secrets go to services alone and are never cached."""
    router = APIRouter(prefix="/internal", tags=["internal"])

    @router.get("/tenants", summary="The ids of all tenants that are not suspended")
    async def list_tenants() -> TenantList:
        async with desk.units.fleet() as session:
            lines = await desk.directory(session).tenants()
        return TenantList(tenants=tuple(line.tenant_id for line in lines if not line.suspended))

    @router.get("/tenants/{tenant_id}/profile", summary="What services need to know of a tenant")
    async def show_profile(tenant_id: TenantId) -> TenantProfile:
        with problems():
            async with desk.units.reading(tenant_id) as session:
                tenant = await desk.records(session).tenant(tenant_id)
            if tenant is None:
                raise UnknownTenant(tenant_id)
            return TenantProfile.model_validate(asdict(tenant))

    @router.get(
        "/tenants/{tenant_id}/credentials/{name}",
        summary="A credential, opened",
        dependencies=[Depends(service_only)],
    )
    async def open_credential(tenant_id: TenantId, name: str) -> Response:
        with problems():
            try:
                async with desk.units.reading(tenant_id) as session:
                    opened = await desk.credentials.open(desk.records(session), tenant_id, name)
            except KeyDestroyed as error:
                raise Problem(410, "Key destroyed", str(error)) from error
        return JSONResponse(asdict(opened), headers=_NO_STORE)

    @router.get(
        "/hooks",
        summary="All hooks with their secrets, for the gateway",
        dependencies=[Depends(service_only)],
    )
    async def list_hooks(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        async with desk.units.fleet() as session:
            registry = await desk.hooks.registry(desk.directory(session))
        if registry.closed:
            _log.error(
                "hooks whose secrets do not open take no webhooks: set them anew", hooks=list(registry.closed)
            )
        # A key that comes back opens hooks without a new version, and so does the end of a suspension: the tag
        # says which are closed and who is suspended, too.
        state = ",".join((*registry.closed, "", *registry.suspended, "", *registry.unlicensed))
        tag = f'"hooks-{registry.version}-{crc32(state.encode()):x}"'
        headers = {"ETag": tag, **_NO_STORE}
        if if_none_match == tag:
            return Response(status_code=304, headers=headers)
        hooks = [asdict(hook) for hook in registry.hooks]
        return JSONResponse({"version": registry.version, "hooks": hooks}, headers=headers)

    return router
