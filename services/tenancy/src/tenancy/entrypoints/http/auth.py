"""Coming in: log-in, refresh, log-out, forgotten passwords, accepted invitations. Nobody has a token here yet."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Depends

from chassis.callers import public
from tenancy.entrypoints.http.people_desk import Client, PeopleDesk, answers, not_stored, refusals
from tenancy.entrypoints.http.people_documents import (
    AcceptDocument,
    EmailDocument,
    LoginDocument,
    NewPasswordDocument,
    RefreshDocument,
    TokensView,
    UserView,
)


def auth_router(desk: PeopleDesk) -> APIRouter:
    """`/api/v1/auth` for those who are not logged in."""
    router = APIRouter(prefix="/api/v1/auth", tags=["log-in"], dependencies=[Depends(not_stored)])

    @router.post(
        "/login", summary="Log in with e-mail address and password", openapi_extra=public(),
        responses=answers(401, 429),
    )  # fmt: skip
    async def log_in(document: LoginDocument, client: Client) -> TokensView:
        with refusals():
            return TokensView.of(
                await desk.sign_in(document.email, document.password.get_secret_value(), client)
            )

    @router.post(
        "/refresh", summary="New tokens for a refresh token, which is good once", openapi_extra=public(),
        responses=answers(401),
    )  # fmt: skip
    async def refresh(document: RefreshDocument) -> TokensView:
        with refusals():
            return TokensView.of(await desk.sessions.refresh(document.refresh_token.get_secret_value()))

    @router.post(
        "/logout", summary="End the session of a refresh token", status_code=204, openapi_extra=public()
    )
    async def log_out(document: RefreshDocument) -> None:
        await desk.sessions.log_out(document.refresh_token.get_secret_value())

    @router.post(
        "/password/forgotten", summary="Mail a link for a new password to whoever has this address",
        status_code=202, openapi_extra=public(),
    )  # fmt: skip
    async def forgotten(document: EmailDocument, later: BackgroundTasks) -> None:
        # After the answer, so that it takes the same time whether somebody has the address or not.
        later.add_task(desk.passwords.forgotten, document.email)

    @router.post(
        "/password/reset", summary="Set a new password by a link", status_code=204, openapi_extra=public(),
        responses=answers(410),
    )  # fmt: skip
    async def reset(document: NewPasswordDocument) -> None:
        with refusals():
            await desk.passwords.reset(
                document.token.get_secret_value(), document.password.get_secret_value()
            )

    @router.post(
        "/invitations/accept", summary="Accept an invitation with a password", status_code=201,
        openapi_extra=public(), responses=answers(410),
    )  # fmt: skip
    async def accept(document: AcceptDocument) -> UserView:
        with refusals():
            user = await desk.invite.accept(
                document.token.get_secret_value(), document.password.get_secret_value(), document.name
            )
            return UserView.of(user)

    return router
