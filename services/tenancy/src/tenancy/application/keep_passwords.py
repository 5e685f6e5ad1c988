"""Change a password, or set a new one by a link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from contracts.envelope import new_id
from tenancy.application.askers import as_he_is_now
from tenancy.application.keep_sessions import KeepSessions
from tenancy.application.mail_links import MailLinks
from tenancy.application.people_errors import LinkRefused, MayNot, NotFound, SignInRefused
from tenancy.application.people_ports import Clock, Doors, Room
from tenancy.application.ports import AuditRow
from tenancy.application.secret_ports import PasswordHashes
from tenancy.application.slow_down import SlowDown
from tenancy.domain.email import NoAddress, account_of
from tenancy.domain.flaws import ConfigurationRefused
from tenancy.domain.letters import password_letter
from tenancy.domain.passwords import normal, password_flaws
from tenancy.domain.people import PasswordLink, User
from tenancy.domain.permissions import Asker, may_give
from tenancy.domain.tokens import PASSWORD_LINK, Token, new_token, read_token

LINK_LIFE = timedelta(hours=1)
_REFUSED = "the link was used, replaced by a newer one, or is too old: ask for a new one"


class KeepPasswords:
    """A new password ends all sessions: who had the old one is out."""

    def __init__(
        self, doors: Doors, hashes: PasswordHashes, slow_down: SlowDown, sessions: KeepSessions, links: MailLinks,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._doors = doors
        self._hashes = hashes
        self._slow_down = slow_down
        self._sessions = sessions
        self._links = links
        self._clock = clock

    async def change(self, tenant_id: str, user_id: str, current: str, new: str) -> None:
        """Change one's own. Raises `SignInRefused`, `TooManyAttempts`, `ConfigurationRefused` and `NotFound`."""
        user = await self._user(tenant_id, user_id)
        await self._slow_down.begin(user.email, None)
        fits, _ = await self._hashes.fits(normal(current), user.password_hash)
        if not fits:
            raise SignInRefused("the current password is wrong")
        await self._slow_down.forgive(user.email)
        await self._set(user, new, "password.changed")

    async def forgotten(self, email: str) -> None:
        """Mail a link to whoever has this address; the caller learns nothing."""
        try:
            account = account_of(email)
        except NoAddress:
            return
        if not await self._slow_down.letter(account):
            return
        async with self._doors.fleet() as fleet:
            login = await fleet.login(account)
        if login is None:
            return
        async with self._doors.room(login.tenant_id) as room:
            user = await room.users.user(login.user_id)
            if user is not None and user.active:
                await self._mail(room, user, f"user:{user.user_id}")

    async def give_link(self, asker: Asker, tenant_id: str, user_id: str) -> str | None:
        """Mail a user a link for a new password; those who run the fleet see it. Raises `NotFound` and `MayNot`."""
        async with self._doors.room(tenant_id) as room:
            asker = await as_he_is_now(room, asker, "users:write")
            user = await room.users.user(user_id)
            if user is None:
                raise NotFound("there is no such user")
            if not may_give(asker.scopes, user.role):
                raise MayNot("this user may do more than you")
            token = await self._mail(room, user, asker.actor)
        return self._links.address(token) if asker.of_the_fleet else None

    async def reset(self, text: str, password: str) -> None:
        """Set a new password by a link. Raises `LinkRefused` and `ConfigurationRefused`."""
        token = read_token(PASSWORD_LINK, text)
        if token is None:
            raise LinkRefused(_REFUSED)
        async with self._doors.room(token.tenant_id) as room:
            user = await self._of_link(room, token)
        await self._set(user, password, "password.reset", token)
        await self._slow_down.forgive(user.email)

    async def _set(self, user: User, password: str, action: str, token: Token | None = None) -> None:
        if flaws := list(password_flaws(password, user.email)):
            raise ConfigurationRefused(flaws)
        password_hash = await self._hashes.make(normal(password))
        async with self._doors.room(user.tenant_id) as room:
            await room.users.lock()
            known = await (self._of_link(room, token) if token else room.users.user(user.user_id))
            if known is None:
                raise NotFound("there is no such user")
            await room.users.keep(replace(known, password_hash=password_hash))
            await room.invitations.remove_links(user.user_id)
            await room.note(AuditRow(f"user:{user.user_id}", action, user.user_id))
            await self._sessions.end_all(room, user.user_id, f"user:{user.user_id}")

    async def _mail(self, room: Room, user: User, actor: str) -> Token:
        token = new_token(PASSWORD_LINK, user.tenant_id, new_id())
        expires_at = self._clock() + LINK_LIFE
        link = PasswordLink(token.row_id, user.tenant_id, user.user_id, expires_at, token.hash)
        await room.invitations.keep_link(link)
        await room.note(AuditRow(actor, "password.link_made", user.user_id))
        company = await room.users.company()
        if company is not None:
            minutes = int(LINK_LIFE.total_seconds() // 60)
            words = password_letter(company.language, company=company.name, minutes=minutes)
            room.say(self._links.letter(token, user.email, words))
        return token

    async def _of_link(self, room: Room, token: Token) -> User:
        link = await room.invitations.link(token.row_id)
        if link is None or not token.fits(link.secret_hash) or self._clock() >= link.expires_at:
            raise LinkRefused(_REFUSED)
        user = await room.users.user(link.user_id)
        if user is None or not user.active:
            raise LinkRefused(_REFUSED)
        return user

    async def _user(self, tenant_id: str, user_id: str) -> User:
        async with self._doors.room(tenant_id) as room:
            user = await room.users.user(user_id)
        if user is None:
            raise NotFound("there is no such user")
        return user
