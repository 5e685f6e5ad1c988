"""Tenancy over HTTP: tenants for people, profiles and opened secrets for the services."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated
from zlib import crc32

import structlog
from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from chassis import Session, Units
from chassis.http import Caller, Problem, caller_of, service_only
from contracts.envelope import InvalidEnvelope, check_tenant_id
from contracts.tenants.http_v1 import TenantList, TenantProfile
from tenancy.application.configure_tenant import ConfigureTenant
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.pause_tenant import pause_tenant
from tenancy.application.ports import (
    CannotOpen,
    Directory,
    HookTaken,
    TenantRecords,
    UnknownCredential,
    UnknownTenant,
)
from tenancy.domain.flaws import ConfigurationRefused
from tenancy.entrypoints.documents import (
    AuditLine,
    CredentialLine,
    HookLine,
    TenantDocument,
    TenantLine,
    TenantView,
    Values,
    opened,
)

_NO_STORE = {"Cache-Control": "no-store"}
_ACTOR = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,79}")
_log = structlog.get_logger("tenancy.http")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    units: Units
    records: Callable[[Session], TenantRecords]
    directory: Callable[[Session], Directory]
    configure: ConfigureTenant
    credentials: KeepCredentials
    hooks: KeepHooks


def _tenant_in_path(tenant_id: str) -> str:
    try:
        return check_tenant_id(tenant_id)
    except InvalidEnvelope as error:
        raise Problem(422, "Invalid tenant id", str(error)) from error


def _actor(
    caller: Annotated[Caller, Depends(caller_of)], x_actor: Annotated[str | None, Header()] = None
) -> str:
    """Whose change it is: the token, and the person whom the caller names."""
    if x_actor is None:
        return caller
    if not _ACTOR.fullmatch(x_actor):
        raise Problem(422, "Invalid actor", "X-Actor is one line of at most 80 printable ASCII characters")
    return f"{caller}: {x_actor}"


TenantId = Annotated[str, Depends(_tenant_in_path)]
Actor = Annotated[str, Depends(_actor)]


def public_router(desk: Desk) -> APIRouter:
    """Tenants for the people who run them: `/api/v1/tenants`."""
    router = APIRouter(prefix="/api/v1/tenants", tags=["tenants"])

    @router.get("", summary="All tenants")
    async def list_tenants() -> list[TenantLine]:
        async with desk.units.fleet() as session:
            return [TenantLine(**asdict(line)) for line in await desk.directory(session).tenants()]

    @router.get("/{tenant_id}", summary="A tenant, without secrets")
    async def show_tenant(tenant_id: TenantId) -> TenantView:
        with _problems():
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
        with _problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                configured = await desk.configure(records, document.configuration(tenant_id), actor)
                transaction.say(*configured.news)
                view = await _view(records, tenant_id)
        response.status_code = 201 if configured.created else 200
        return view

    @router.put("/{tenant_id}/credentials/{name}", summary="Set a credential", status_code=204)
    async def put_credential(tenant_id: TenantId, name: str, values: Values, actor: Actor) -> None:
        with _problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await desk.credentials.set(records, tenant_id, name, opened(values), actor))

    @router.delete("/{tenant_id}/credentials/{name}", summary="Take a credential away", status_code=204)
    async def delete_credential(tenant_id: TenantId, name: str, actor: Actor) -> None:
        with _problems():
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
        with _problems():
            async with desk.units.reading(tenant_id) as session:
                records = desk.records(session)
                if await records.tenant(tenant_id) is None:
                    raise UnknownTenant(tenant_id)
                return [
                    AuditLine.model_validate(asdict(row)) for row in await records.audit(tenant_id, limit)
                ]

    return router


def internal_router(desk: Desk) -> APIRouter:
    """What the other services ask: `/internal`. Opened secrets go to services alone and are never cached."""
    router = APIRouter(prefix="/internal", tags=["internal"])

    @router.get("/tenants", summary="The ids of all tenants")
    async def list_tenants() -> TenantList:
        async with desk.units.fleet() as session:
            return TenantList(
                tenants=tuple(line.tenant_id for line in await desk.directory(session).tenants())
            )

    @router.get("/tenants/{tenant_id}/profile", summary="What services need to know of a tenant")
    async def show_profile(tenant_id: TenantId) -> TenantProfile:
        with _problems():
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
        with _problems():
            async with desk.units.reading(tenant_id) as session:
                opened = await desk.credentials.open(desk.records(session), tenant_id, name)
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
        # A key that comes back opens hooks without a new version: the tag says which are closed, too.
        tag = f'"hooks-{registry.version}-{crc32(",".join(registry.closed).encode()):x}"'
        headers = {"ETag": tag, **_NO_STORE}
        if if_none_match == tag:
            return Response(status_code=304, headers=headers)
        hooks = [asdict(hook) for hook in registry.hooks]
        return JSONResponse({"version": registry.version, "hooks": hooks}, headers=headers)

    return router


async def _set_pause(desk: Desk, tenant_id: str, *, paused: bool, actor: str) -> TenantView:
    with _problems():
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


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except ConfigurationRefused as error:
        raise Problem(422, "Configuration refused", str(error)) from error
    except HookTaken as error:
        raise Problem(409, "Hook id taken", str(error)) from error
    except (UnknownTenant, UnknownCredential) as error:
        raise Problem(404, "Not found", str(error)) from error
    except CannotOpen as error:
        raise Problem(500, "Secret does not open", f"{error}; or set the credential anew") from error
