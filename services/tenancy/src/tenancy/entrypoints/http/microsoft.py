"""Sign-in with Microsoft: the way there, the way back, and the company's directory."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request, Response
from fastapi.responses import RedirectResponse

from chassis.callers import public, scope
from chassis.problems import Problem
from contracts.envelope import InvalidEnvelope, check_tenant_id
from tenancy.entrypoints.http.people_desk import By, PeopleDesk, Tenant, answers, not_stored, refusals
from tenancy.entrypoints.http.people_documents import DirectoryDocument, DirectoryView, TokensView

_PATH = "/api/v1/auth/microsoft"
_COOKIE = "frontdesk_microsoft"
_SECONDS = 600


def microsoft_router(desk: PeopleDesk) -> APIRouter:
    """`/api/v1/auth/microsoft`."""
    router = APIRouter(prefix=_PATH, tags=["log-in"])

    @router.get(
        "", summary="Sign in with Microsoft: sends the browser there", status_code=302,
        response_class=RedirectResponse, openapi_extra=public(), responses=answers(401, 404),
    )  # fmt: skip
    async def begin(tenant: Annotated[str, Query(description="The company's id.")]) -> Response:
        with refusals():
            address, flow = await desk.microsoft.begin(_tenant(tenant))
        answer = RedirectResponse(address, 302, {"Cache-Control": "no-store"})
        # Lax: the cookie comes along when Microsoft sends the browser back, but not with a form of another site.
        answer.set_cookie(
            _COOKIE, flow, max_age=_SECONDS, path=_PATH, httponly=True, samesite="lax", secure=desk.secure_cookies
        )  # fmt: skip
        return answer

    @router.get(
        "/callback", summary="Where Microsoft sends the browser back", openapi_extra=public(),
        responses=answers(401),
    )  # fmt: skip
    async def finish(
        request: Request, response: Response, flow: Annotated[str, Cookie(alias=_COOKIE, max_length=8192)] = ""
    ) -> TokensView:  # fmt: skip
        not_stored(response)
        response.delete_cookie(_COOKIE, path=_PATH, httponly=True, samesite="lax", secure=desk.secure_cookies)
        with refusals():
            return TokensView.of(await desk.microsoft.finish(flow, dict(request.query_params)))

    _directory(router, desk)
    return router


def _directory(router: APIRouter, desk: PeopleDesk) -> None:
    """Only who is of this directory can sign in."""

    @router.get("/directory", summary="The company's directory", openapi_extra=scope("users:read"))
    async def show_directory(tenant_id: Tenant) -> DirectoryView:
        return DirectoryView(directory_id=await desk.microsoft.directory(tenant_id))

    @router.put("/directory", summary="Name the company's directory", openapi_extra=scope("users:write"))
    async def set_directory(tenant_id: Tenant, document: DirectoryDocument, by: By) -> DirectoryView:
        with refusals():
            await desk.microsoft.set_directory(by, tenant_id, document.directory_id)
        return DirectoryView(directory_id=await desk.microsoft.directory(tenant_id))

    @router.delete(
        "/directory",
        summary="End sign-in with Microsoft",
        status_code=204,
        openapi_extra=scope("users:write"),
    )
    async def remove_directory(tenant_id: Tenant, by: By) -> None:
        with refusals():
            await desk.microsoft.set_directory(by, tenant_id, None)


def _tenant(text: str) -> str:
    try:
        return check_tenant_id(text)
    except InvalidEnvelope as error:
        raise Problem(422, "Invalid tenant id", str(error)) from error
