"""Sign in with Microsoft: only somebody of the directory that the company named, and only who was invited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from tenancy.application.askers import as_he_is_now
from tenancy.application.invite_people import InvitePeople
from tenancy.application.keep_sessions import Granted, KeepSessions
from tenancy.application.microsoft_ports import Microsoft, MicrosoftIdentity
from tenancy.application.people_errors import NotFound, SignInRefused
from tenancy.application.people_ports import Clock, Doors, Room
from tenancy.application.ports import AuditRow
from tenancy.domain.email import NoAddress, account_of
from tenancy.domain.flaws import ConfigurationRefused, Flaw
from tenancy.domain.people import User
from tenancy.domain.permissions import Asker

_NOT_SET_UP = "sign-in with Microsoft is not set up for this company"
_NOBODY = "nobody with this Microsoft account was invited: ask an admin of your company"


class SignInWithMicrosoft:
    """The first time somebody is found by his address, afterwards by directory and object alone.

    An address is believed only from the company's own directory: whoever has a directory of his own can write any
    address into it.
    """

    def __init__(
        self, doors: Doors, microsoft: Microsoft, sessions: KeepSessions, invite: InvitePeople, clock: Clock
    ) -> None:
        self._doors = doors
        self._microsoft = microsoft
        self._sessions = sessions
        self._invite = invite
        self._clock = clock

    async def directory(self, tenant_id: str) -> str | None:
        """The company's directory at Microsoft."""
        async with self._doors.room(tenant_id) as room:
            return await room.users.microsoft_directory()

    async def set_directory(self, asker: Asker, tenant_id: str, directory_id: str | None) -> None:
        """Name the company's directory, or end sign-in with Microsoft. Raises `ConfigurationRefused`."""
        if directory_id is not None:
            try:
                directory_id = str(UUID(directory_id))
            except ValueError as error:
                raise ConfigurationRefused(
                    [Flaw("directory_id", "is no directory id: a UUID, as Entra shows it; no domain")]
                ) from error
        async with self._doors.room(tenant_id) as room:
            await as_he_is_now(room, asker, "users:write")
            if await room.users.microsoft_directory() == directory_id:
                return
            await room.users.keep_microsoft_directory(directory_id)
            action = "microsoft.set" if directory_id is not None else "microsoft.removed"
            await room.note(AuditRow(asker.actor, action, tenant_id))

    async def begin(self, tenant_id: str) -> tuple[str, str]:
        """Where the browser goes, and the flow that it carries. Raises `NotFound` and `MicrosoftUnavailable`."""
        directory = await self.directory(tenant_id) if self._microsoft.set_up else None
        if directory is None:
            raise NotFound(_NOT_SET_UP)
        return await self._microsoft.begin(tenant_id, directory)

    async def finish(self, flow: str, answer: Mapping[str, str]) -> Granted:
        """Tokens for who came back. Raises `SignInRefused`, `MicrosoftRefused` and `MicrosoftUnavailable`."""
        tenant_id, identity = await self._microsoft.finish(flow, answer)
        async with self._doors.room(tenant_id) as room:
            await room.users.lock()
            if await room.users.microsoft_directory() != identity.account.directory_id:
                raise SignInRefused("this Microsoft account is not of your company's directory")
            user = await room.users.by_microsoft(identity.account) or await self._link(room, identity)
        if user is None or not user.active:
            raise SignInRefused(_NOBODY)
        return await self._sessions.open(user, "microsoft")

    async def _link(self, room: Room, identity: MicrosoftIdentity) -> User | None:
        for address in identity.addresses:
            try:
                account = account_of(address)
            except NoAddress:
                continue
            user = await self._known(room, account)
            if user is not None and user.microsoft is None and user.active:
                linked = replace(user, microsoft=identity.account)
                await room.users.keep(linked)
                await room.note(AuditRow(f"user:{user.user_id}", "user.linked_to_microsoft", user.user_id))
                return linked
            invitation = await room.invitations.to(account)
            if invitation is not None and invitation.open_at(self._clock()):
                return await self._invite.join(
                    room, invitation, name=invitation.name or identity.name, microsoft=identity.account
                )
        return None

    async def _known(self, room: Room, account: str) -> User | None:
        login = await room.fleet.login(account)
        if login is None or login.tenant_id != room.tenant_id:
            return None
        return await room.users.user(login.user_id)
