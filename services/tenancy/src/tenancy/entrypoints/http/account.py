"""One's own account: who I am, my sessions, my password."""

from __future__ import annotations

from fastapi import APIRouter

from tenancy.entrypoints.http.people_desk import Me, PeopleDesk, RowId, answers, refusals
from tenancy.entrypoints.http.people_documents import PasswordChangeDocument, SessionView, UserView


def account_router(desk: PeopleDesk) -> APIRouter:
    """`/api/v1/auth` for those who are logged in."""
    router = APIRouter(prefix="/api/v1/auth", tags=["own account"])

    @router.get("/me", summary="Who I am", responses=answers(404))
    async def show_me(me: Me) -> UserView:
        with refusals():
            return UserView.of(await desk.users.one(me.tenant_id, me.user_id))

    @router.get("/sessions", summary="Where I am logged in")
    async def list_sessions(me: Me) -> list[SessionView]:
        return [SessionView.of(each) for each in await desk.sessions.of_user(me.tenant_id, me.user_id)]

    @router.delete("/sessions/{session_id}", summary="End one of my sessions", status_code=204)
    async def end_session(me: Me, session_id: RowId) -> None:
        with refusals():
            await desk.sessions.end_one(me.tenant_id, me.user_id, session_id, me.actor)

    @router.post("/logout-everywhere", summary="End all my sessions", status_code=204)
    async def log_out_everywhere(me: Me) -> None:
        await desk.sessions.end_everywhere(me.tenant_id, me.user_id, me.actor)

    @router.post(
        "/password", summary="Change my password; all sessions end", status_code=204,
        responses=answers(404, 429),
    )  # fmt: skip
    async def change_password(me: Me, document: PasswordChangeDocument) -> None:
        with refusals():
            await desk.passwords.change(
                me.tenant_id,
                me.user_id,
                document.current.get_secret_value(),
                document.new.get_secret_value(),
            )

    return router
