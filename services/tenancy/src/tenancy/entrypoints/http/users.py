"""A tenant's users and invitations for those who manage them: `/api/v1/users`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tenancy.entrypoints.http.people_desk import By, PeopleDesk, RowId, Tenant, answers, refusals
from tenancy.entrypoints.http.people_documents import (
    InvitationDocument,
    InvitationView,
    LinkView,
    RoleDocument,
    UserView,
)


def users_router(desk: PeopleDesk) -> APIRouter:
    """`/api/v1/users`."""
    router = APIRouter(prefix="/api/v1/users", tags=["users"])
    _invitations(router, desk)

    @router.get("", summary="The users by id; ask again with after = the last one's id")
    async def list_users(
        tenant_id: Tenant,
        after: Annotated[str, Query(pattern=r"^[0-9a-f-]{0,36}$")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> list[UserView]:
        return [UserView.of(user) for user in await desk.users.page(tenant_id, after, limit)]

    @router.get("/{user_id}", summary="One user")
    async def show_user(tenant_id: Tenant, user_id: RowId) -> UserView:
        with refusals():
            return UserView.of(await desk.users.one(tenant_id, user_id))

    @router.put("/{user_id}/role", summary="Give a user another role; he is logged out everywhere")
    async def give_role(tenant_id: Tenant, user_id: RowId, document: RoleDocument, by: By) -> UserView:
        with refusals():
            return UserView.of(await desk.users.give_role(by, tenant_id, user_id, document.role))

    @router.post("/{user_id}/disable", summary="Let a user in no more")
    async def disable(tenant_id: Tenant, user_id: RowId, by: By) -> UserView:
        with refusals():
            return UserView.of(await desk.users.set_active(by, tenant_id, user_id, active=False))

    @router.post("/{user_id}/enable", summary="Let a user in again")
    async def enable(tenant_id: Tenant, user_id: RowId, by: By) -> UserView:
        with refusals():
            return UserView.of(await desk.users.set_active(by, tenant_id, user_id, active=True))

    @router.post("/{user_id}/logout", summary="Log a user out everywhere", status_code=204)
    async def log_out(tenant_id: Tenant, user_id: RowId, by: By) -> None:
        with refusals():
            await desk.users.log_out(by, tenant_id, user_id)

    @router.post("/{user_id}/password-link", summary="Mail a user a link for a new password", status_code=201)
    async def give_link(tenant_id: Tenant, user_id: RowId, by: By) -> LinkView:
        with refusals():
            return LinkView(link=await desk.passwords.give_link(by, tenant_id, user_id))

    @router.delete("/{user_id}", summary="Remove a user for good", status_code=204)
    async def remove(tenant_id: Tenant, user_id: RowId, by: By) -> None:
        with refusals():
            await desk.users.remove(by, tenant_id, user_id)

    return router


def _invitations(router: APIRouter, desk: PeopleDesk) -> None:
    @router.get("/invitations", summary="The open invitations, oldest first")
    async def list_invitations(tenant_id: Tenant) -> list[InvitationView]:
        return [InvitationView.of(each) for each in await desk.invite.all(tenant_id)]

    @router.post("/invitations", summary="Invite somebody by e-mail", status_code=201, responses=answers(404))
    async def invite(tenant_id: Tenant, document: InvitationDocument, by: By) -> InvitationView:
        with refusals():
            invitation, link = await desk.invite.invite(
                by, tenant_id, document.email, document.name, document.role
            )
        return InvitationView.of(invitation, link)

    @router.delete("/invitations/{invitation_id}", summary="Take an invitation back", status_code=204)
    async def take_back(tenant_id: Tenant, invitation_id: RowId, by: By) -> None:
        with refusals():
            await desk.invite.take_back(by, tenant_id, invitation_id)
