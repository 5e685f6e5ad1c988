"""A tenant's users: who they are, what they may, and how they leave."""

from __future__ import annotations

from dataclasses import replace

from tenancy.application.askers import as_he_is_now
from tenancy.application.keep_api_keys import KeepApiKeys
from tenancy.application.keep_sessions import KeepSessions
from tenancy.application.people_errors import MayNot, NotFound, NotNow
from tenancy.application.people_ports import Doors, Room
from tenancy.application.ports import AuditRow
from tenancy.domain.flaws import ConfigurationRefused, Flaw
from tenancy.domain.people import User
from tenancy.domain.permissions import SCOPES, Asker, Role, may_give, roles_in


class KeepUsers:
    """Nobody manages whom he could not have appointed; the last admin stays.

    Who loses a role, is disabled or removed is logged out everywhere, and his API keys and invitations go with what
    he may no more.
    """

    def __init__(self, doors: Doors, sessions: KeepSessions, api_keys: KeepApiKeys) -> None:
        self._doors = doors
        self._sessions = sessions
        self._api_keys = api_keys

    async def page(self, tenant_id: str, after: str, limit: int) -> list[User]:
        """Users by id, a page."""
        async with self._doors.room(tenant_id) as room:
            return await room.users.all(after, limit)

    async def one(self, tenant_id: str, user_id: str) -> User:
        """One user. Raises `NotFound`."""
        async with self._doors.room(tenant_id) as room:
            return await _user(room, user_id)

    async def give_role(self, asker: Asker, tenant_id: str, user_id: str, role: Role) -> User:
        """Change a role. Raises `ConfigurationRefused`, `MayNot`, `NotFound` and `NotNow`."""
        if role not in roles_in(tenant_id):
            raise ConfigurationRefused([Flaw("role", f"must be {' or '.join(roles_in(tenant_id))} here")])
        async with self._doors.room(tenant_id) as room:
            user = await self._managed(room, asker, user_id, role)
            if user.role == role:
                return user
            await _spare_the_last(room, user)
            changed = replace(user, role=role)
            await room.users.keep(changed)
            details = {"before": user.role, "now": role}
            await room.note(AuditRow(asker.actor, "user.role_changed", user_id, details))
            await self._withdraw(room, user, SCOPES[role], asker.actor)
            return changed

    async def set_active(self, asker: Asker, tenant_id: str, user_id: str, *, active: bool) -> User:
        """Disable or enable. Raises `MayNot`, `NotFound` and `NotNow`."""
        async with self._doors.room(tenant_id) as room:
            user = await self._managed(room, asker, user_id)
            if user.active == active:
                return user
            if not active:
                await _spare_the_last(room, user)
            changed = replace(user, state="active" if active else "disabled")
            await room.users.keep(changed)
            action = "user.enabled" if active else "user.disabled"
            await room.note(AuditRow(asker.actor, action, user_id))
            if not active:
                await self._withdraw(room, user, frozenset(), asker.actor)
            return changed

    async def remove(self, asker: Asker, tenant_id: str, user_id: str) -> None:
        """Remove a user for good. Raises `MayNot`, `NotFound` and `NotNow`."""
        async with self._doors.room(tenant_id) as room:
            user = await self._managed(room, asker, user_id)
            await _spare_the_last(room, user)
            await self._withdraw(room, user, frozenset(), asker.actor)
            await room.users.remove(user_id)
            await room.note(AuditRow(asker.actor, "user.removed", user_id, {"role": user.role}))

    async def log_out(self, asker: Asker, tenant_id: str, user_id: str) -> None:
        """Log a user out everywhere. Raises `MayNot` and `NotFound`."""
        async with self._doors.room(tenant_id) as room:
            await self._managed(room, asker, user_id)
            await self._sessions.end_all(room, user_id, asker.actor)

    async def _managed(self, room: Room, asker: Asker, user_id: str, given: Role | None = None) -> User:
        asker = await as_he_is_now(room, asker, "users:write")
        user = await _user(room, user_id)
        if given is not None and not may_give(asker.scopes, given):
            raise MayNot(f"you cannot give the role {given}: it may do more than you")
        if not may_give(asker.scopes, user.role):
            raise MayNot("this user may do more than you")
        return user

    async def _withdraw(self, room: Room, user: User, left: frozenset[str], actor: str) -> None:
        """End what rested on scopes that a user has no more."""
        await self._sessions.end_all(room, user.user_id, actor)
        await room.invitations.remove_by(f"user:{user.user_id}")
        await room.invitations.remove_links(user.user_id)
        await self._api_keys.withdraw(room, f"user:{user.user_id}", left, actor)


async def _user(room: Room, user_id: str) -> User:
    user = await room.users.user(user_id)
    if user is None:
        raise NotFound("there is no such user")
    return user


async def _spare_the_last(room: Room, user: User) -> None:
    highest = roles_in(room.tenant_id)[0]
    if user.active and user.role == highest and await room.users.active_with(highest) <= 1:
        raise NotNow(f"this is the last {highest}: appoint another one first")
