"""The keys of access tokens: public ones for everybody, the state of access for the gateway, renewal for super admins."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from chassis.callers import public, scope, service_only
from tenancy.entrypoints.http.people_desk import By, PeopleDesk
from tenancy.entrypoints.http.people_documents import JwkSet, TurnDocument, TurnedView

_A_WHILE = "public, max-age=30"
"""Shorter than a new key is published before it signs."""


def keys_router(desk: PeopleDesk) -> APIRouter:
    """`/.well-known/jwks.json`, `/api/v1/auth/keys` and `/internal/access`."""
    router = APIRouter(tags=["keys"])

    async def published(response: Response) -> JwkSet:
        response.headers["Cache-Control"] = _A_WHILE
        return JwkSet(keys=(await desk.access()).keys)

    about = "The public keys of access tokens"
    router.get("/.well-known/jwks.json", summary=about, openapi_extra=public())(published)
    router.get("/api/v1/auth/keys", summary=about, openapi_extra=public())(published)

    @router.post(
        "/api/v1/auth/keys/turn", summary="Sign with a new key", status_code=201,
        openapi_extra=scope("fleet:write"),
    )  # fmt: skip
    async def turn(document: TurnDocument, by: By) -> TurnedView:
        return TurnedView(key_id=await desk.sign.turn(by.actor, compromised=document.compromised))

    @router.get(
        "/internal/access", summary="Whom to let in, for the gateway", dependencies=[Depends(service_only)]
    )
    async def show_access(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        state = await desk.access()
        told = state.model_dump_json(exclude={"version"}).encode()
        headers = {"ETag": f'"{hashlib.sha256(told).hexdigest()[:32]}"', "Cache-Control": "no-store"}
        if if_none_match == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(state.model_dump_json(), media_type="application/json", headers=headers)

    return router
