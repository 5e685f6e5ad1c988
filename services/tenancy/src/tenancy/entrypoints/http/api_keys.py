"""API keys for programs: `/api/v1/api-keys`; and their verification for the gateway."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Depends, Response

from chassis.callers import service_only
from chassis.problems import Problem
from contracts.tenants.http_v1 import KeyToVerify, VerifiedKey
from tenancy.entrypoints.http.people_desk import (
    By,
    PeopleDesk,
    RowId,
    Tenant,
    answers,
    not_stored,
    refusals,
)
from tenancy.entrypoints.http.people_documents import ApiKeyDocument, ApiKeyView, NewApiKeyView


def api_keys_router(desk: PeopleDesk) -> APIRouter:
    """`/api/v1/api-keys`."""
    router = APIRouter(prefix="/api/v1/api-keys", tags=["API keys"])

    @router.get("", summary="The API keys, newest first")
    async def list_keys(tenant_id: Tenant) -> list[ApiKeyView]:
        return [ApiKeyView.of(key) for key in await desk.api_keys.all(tenant_id)]

    @router.post(
        "", summary="Make an API key; its secret is shown this once", status_code=201, responses=answers(404)
    )
    async def make_key(
        tenant_id: Tenant, document: ApiKeyDocument, by: By, response: Response
    ) -> NewApiKeyView:
        not_stored(response)
        with refusals():
            return NewApiKeyView.made(*await desk.api_keys.make(by, tenant_id, **document.model_dump()))

    @router.delete("/{key_id}", summary="Revoke an API key", status_code=204)
    async def revoke_key(tenant_id: Tenant, key_id: RowId, by: By) -> None:
        with refusals():
            await desk.api_keys.revoke(by, tenant_id, key_id)

    return router


def verification_router(desk: PeopleDesk) -> APIRouter:
    """`/internal/api-keys`, for the gateway."""
    router = APIRouter(prefix="/internal/api-keys", tags=["internal"], dependencies=[Depends(service_only)])

    @router.post("/verify", summary="Whose API key it is and what it may", responses=answers(404))
    async def verify(document: KeyToVerify, response: Response) -> VerifiedKey:
        not_stored(response)
        key = await desk.api_keys.verify(document.key.get_secret_value())
        if key is None:
            raise Problem(404, "Not found", "this API key is none, was revoked, or has expired")
        return VerifiedKey.model_validate(asdict(key))

    return router
