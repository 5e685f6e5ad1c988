"""Invite somebody by e-mail; he becomes a user when he chooses a password."""

from __future__ import annotations

from datetime import timedelta

from contracts.envelope import new_id
from tenancy.application.askers import as_he_is_now
from tenancy.application.mail_links import MailLinks
from tenancy.application.people_errors import LinkRefused, MayNot, NotFound, NotNow
from tenancy.application.people_ports import Clock, Doors, Login, Room
from tenancy.application.ports import AuditRow
from tenancy.application.secret_ports import PasswordHashes
from tenancy.domain.email import NoAddress, account_of
from tenancy.domain.flaws import ConfigurationRefused, Flaw
from tenancy.domain.letters import invitation_letter
from tenancy.domain.passwords import normal, password_flaws
from tenancy.domain.people import Invitation, MicrosoftAccount, User
from tenancy.domain.permissions import FLEET, Asker, Role, may_give, roles_in
from tenancy.domain.tokens import INVITATION, Token, new_token, read_token

_REFUSED = "the invitation was used, taken back, or is too old: ask for a new one"


class InvitePeople:
    """An address has one invitation of a tenant at a time: a new one makes the older void."""

    def __init__(
        self, doors: Doors, hashes: PasswordHashes, links: MailLinks, *, life: timedelta, clock: Clock
    ) -> None:
        self._doors = doors
        self._hashes = hashes
        self._links = links
        self._life = life
        self._clock = clock

    async def invite(
        self, asker: Asker, tenant_id: str, email: str, name: str, role: Role
    ) -> tuple[Invitation, str | None]:
        """Offer a role; the link is shown only to those who run the fleet, else mailed alone.

        Raises `ConfigurationRefused`, `MayNot`, `NotFound` and `NotNow`.
        """
        account = _checked(tenant_id, email, role)
        now = self._clock()
        token = new_token(INVITATION, tenant_id, new_id())
        invitation = Invitation(
            token.row_id,
            tenant_id,
            account,
            name.strip(),
            role,
            asker.actor,
            now,
            now + self._life,
            token.hash,
        )
        async with self._doors.room(tenant_id) as room:
            asker = await as_he_is_now(room, asker, "users:write")
            if not may_give(asker.scopes, role):
                raise MayNot(f"you cannot give the role {role}: it may do more than you")
            await self._offer(room, invitation, token)
        return invitation, self._links.address(token) if asker.of_the_fleet else None

    async def all(self, tenant_id: str) -> list[Invitation]:
        """The open invitations of a tenant, oldest first."""
        now = self._clock()
        async with self._doors.room(tenant_id) as room:
            return [each for each in await room.invitations.all() if each.open_at(now)]

    async def take_back(self, asker: Asker, tenant_id: str, invitation_id: str) -> None:
        """Make an invitation void. Raises `NotFound`."""
        async with self._doors.room(tenant_id) as room:
            if await room.invitations.invitation(invitation_id) is None:
                raise NotFound("there is no such invitation")
            await room.invitations.remove(invitation_id)
            await room.note(AuditRow(asker.actor, "invitation.taken_back", invitation_id))

    async def accept(self, text: str, password: str, name: str | None) -> User:
        """Become a user. Raises `LinkRefused`, `ConfigurationRefused` and `NotNow`."""
        token = read_token(INVITATION, text)
        if token is None:
            raise LinkRefused(_REFUSED)
        async with self._doors.room(token.tenant_id) as room:
            invitation = await self._open(room, token)
        if flaws := list(password_flaws(password, invitation.email)):
            raise ConfigurationRefused(flaws)
        password_hash = await self._hashes.make(normal(password))
        async with self._doors.room(token.tenant_id) as room:
            await room.users.lock()
            invitation = await self._open(room, token)
            return await self.join(room, invitation, name=name, password_hash=password_hash)

    async def join(
        self, room: Room, invitation: Invitation, *, name: str | None = None, password_hash: str | None = None,
        microsoft: MicrosoftAccount | None = None,
    ) -> User:  # fmt: skip
        """Make a user of an invitation, within a transaction. Raises `NotNow`."""
        user = User(
            new_id(), room.tenant_id, invitation.email, (name or invitation.name).strip(), invitation.role, "active",
            self._clock(), password_hash, microsoft,
        )  # fmt: skip
        await room.users.keep(user)
        if not await room.fleet.keep_login(user.email, Login(user.tenant_id, user.user_id)):
            raise NotNow(
                "this e-mail address has an account already; log in with it, or be invited by another"
            )
        await room.invitations.remove(invitation.invitation_id)
        await room.note(
            AuditRow(f"user:{user.user_id}", "user.joined", user.user_id,
                     {"role": user.role, "invitation": invitation.invitation_id, "invited_by": invitation.invited_by})
        )  # fmt: skip
        return user

    async def _offer(self, room: Room, invitation: Invitation, token: Token) -> None:
        company = await room.users.company()
        if company is None and room.tenant_id != FLEET:
            raise NotFound(f"there is no tenant {room.tenant_id}")
        login = await room.fleet.login(invitation.email)
        if login is not None and login.tenant_id == room.tenant_id:
            raise NotNow("this e-mail address belongs to a user already")
        await room.invitations.keep(invitation)
        await room.note(
            AuditRow(
                invitation.invited_by, "user.invited", invitation.invitation_id, {"role": invitation.role}
            )
        )
        if company is not None:
            words = invitation_letter(company.language, company=company.name, days=self._life.days)
            room.say(self._links.letter(token, invitation.email, words))

    async def _open(self, room: Room, token: Token) -> Invitation:
        invitation = await room.invitations.invitation(token.row_id)
        if (
            invitation is None
            or not token.fits(invitation.secret_hash)
            or not invitation.open_at(self._clock())
        ):
            raise LinkRefused(_REFUSED)
        return invitation


def _checked(tenant_id: str, email: str, role: Role) -> str:
    flaws: list[Flaw] = []
    account = ""
    try:
        account = account_of(email)
    except NoAddress as error:
        flaws.append(Flaw("email", str(error)))
    if role not in roles_in(tenant_id):
        flaws.append(Flaw("role", f"must be {' or '.join(roles_in(tenant_id))} here"))
    if flaws:
        raise ConfigurationRefused(flaws)
    return account
