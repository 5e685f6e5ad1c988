"""What those who run the fleet do to a company: suspend it, turn its key, destroy its key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from chassis.http import Problem, scope
from tenancy.application.destroy_key import destroy_key
from tenancy.application.suspend_tenant import reinstate_tenant, suspend_tenant
from tenancy.entrypoints.http.desk import Actor, Desk, TenantId, problems
from tenancy.entrypoints.http.documents import Document, TenantView, Words
from tenancy.entrypoints.http.views import view_of

_FLEET = scope("fleet:write")
Reason = Annotated[Words, Field(min_length=1, max_length=500)]


class Suspension(Document):
    """Why a company is stopped."""

    because: Reason


class KeyDestruction(Document):
    """Which company's key is destroyed, and why. It cannot be undone, so the tenant is named once more."""

    tenant_id: str = Field(description="The same as in the address.")
    because: Reason


class KeyRotation(Document):
    """What a new data key sealed anew."""

    key_version: int
    resealed: int = Field(description="How many boxes were sealed again.")
    broken: tuple[str, ...] = Field(description="What does not open: its key is lost, set it anew.")


def fleet_router(desk: Desk) -> APIRouter:
    """What those who run the fleet do to a company."""
    router = APIRouter(prefix="/api/v1/tenants", tags=["fleet"])

    @router.post(
        "/{tenant_id}/suspend",
        summary="Stop a company: nothing comes in, nothing leaves",
        openapi_extra=_FLEET,
    )
    async def suspend(tenant_id: TenantId, why: Suspension, actor: Actor, response: Response) -> TenantView:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await suspend_tenant(records, tenant_id, because=why.because, actor=actor))
                return await view_of(records, tenant_id, response)

    @router.post("/{tenant_id}/reinstate", summary="Let a suspended company work again", openapi_extra=_FLEET)
    async def reinstate(tenant_id: TenantId, actor: Actor, response: Response) -> TenantView:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await reinstate_tenant(records, tenant_id, actor=actor))
                return await view_of(records, tenant_id, response)

    @router.post(
        "/{tenant_id}/rotate-key", summary="Seal a company's secrets under a new data key",
        openapi_extra=scope("credentials:write"),
    )  # fmt: skip
    async def rotate_key(tenant_id: TenantId, actor: Actor) -> KeyRotation:
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                done = await desk.reseal.rotate(desk.records(transaction.session), tenant_id, actor)
        return KeyRotation(key_version=done.key_version, resealed=done.count, broken=done.broken)

    @router.post(
        "/{tenant_id}/destroy-key", summary="Destroy a company's key: its secrets are gone for good",
        openapi_extra=_FLEET,
    )  # fmt: skip
    async def destroy(
        tenant_id: TenantId, wanted: KeyDestruction, actor: Actor, response: Response
    ) -> TenantView:
        if wanted.tenant_id != tenant_id:
            raise Problem(422, "Two tenants", "name the tenant of the address once more: this is for good")
        with problems():
            async with desk.units.begin(tenant_id) as transaction:
                records = desk.records(transaction.session)
                transaction.say(*await destroy_key(records, tenant_id, because=wanted.because, actor=actor))
                return await view_of(records, tenant_id, response)

    return router
