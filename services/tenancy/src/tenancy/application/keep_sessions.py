"""Sessions: opened by a log-in, carried on by refresh tokens of which each is good once, ended together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from contracts.envelope import new_id
from tenancy.application.people_errors import NotFound, SignInRefused
from tenancy.application.people_ports import Clock, Doors, Room
from tenancy.application.ports import AuditRow
from tenancy.application.sign_tokens import SignTokens
from tenancy.domain.people import Session, User
from tenancy.domain.permissions import FLEET, SCOPES
from tenancy.domain.tokens import REFRESH, Token, new_token, read_token

ISSUER, AUDIENCE = "frontdesk", "frontdesk-api"
_REFUSED = "the refresh token is not good (any more): log in again"
_SPARE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long tokens and sessions are good."""

    token: timedelta
    session: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class Granted:
    """What a log-in or a refresh hands out."""

    access_token: str
    refresh_token: str
    expires_in: int
    session_id: str


class KeepSessions:
    """No grace for a refresh token that comes twice: who lost the answer logs in again, and a thief gets no window."""

    def __init__(self, doors: Doors, sign: SignTokens, lives: Lives, clock: Clock) -> None:
        self._doors = doors
        self._sign = sign
        self._lives = lives
        self._clock = clock

    async def open(
        self, user: User, method: Literal["password", "microsoft"], *, attempts: int = 1
    ) -> Granted:
        """A new session. Raises `SignInRefused` when the user was disabled or removed meanwhile."""
        now = self._clock()
        expires_at = now + self._lives.session
        session = Session(new_id(), user.tenant_id, user.user_id, method, now, now, expires_at)
        async with self._doors.room(user.tenant_id) as room:
            await room.users.lock()
            known = await room.users.user(user.user_id)
            if known is None or not known.active:
                raise SignInRefused("this account cannot log in")
            await room.sessions.keep(session)
            details = {"method": method, "session": session.session_id, "failed_before": attempts - 1}
            await room.note(AuditRow(_actor(known), "session.opened", user.user_id, details))
            return await self._grant(room, known, session, now)

    async def refresh(self, text: str) -> Granted:
        """New tokens for a refresh token. One that was used before ends its whole session. Raises `SignInRefused`."""
        token = read_token(REFRESH, text)
        if token is None:
            raise SignInRefused(_REFUSED)
        async with self._doors.room(token.tenant_id) as room:
            granted = await self._go_on(room, token)
        # Only now: what was found out about the session is kept.
        if granted is None:
            raise SignInRefused(_REFUSED)
        return granted

    async def log_out(self, text: str) -> None:
        """End the session of a refresh token; of one that is unknown, nothing."""
        token = read_token(REFRESH, text)
        if token is None:
            return
        async with self._doors.room(token.tenant_id) as room:
            session = await room.sessions.locked(token.row_id)
            if session is None or session.ended_at is not None:
                return
            if await room.sessions.use_token(token.row_id, token.hash, self._clock()) != "unknown":
                await self._end(room, session, f"user:{session.user_id}", "session.ended")

    async def of_user(self, tenant_id: str, user_id: str) -> list[Session]:
        """A user's sessions that can go on, newest first."""
        now = self._clock()
        async with self._doors.room(tenant_id) as room:
            sessions = await room.sessions.of_user(user_id)
        return [session for session in sessions if session.open_at(now, self._lives.idle)]

    async def end_one(self, tenant_id: str, user_id: str, session_id: str, actor: str) -> None:
        """End one session of a user. Raises `NotFound`."""
        async with self._doors.room(tenant_id) as room:
            session = await room.sessions.locked(session_id)
            if session is None or session.user_id != user_id or session.ended_at is not None:
                raise NotFound("there is no such session")
            await self._end(room, session, actor, "session.ended")

    async def end_everywhere(self, tenant_id: str, user_id: str, actor: str) -> None:
        """Log a user out everywhere."""
        async with self._doors.room(tenant_id) as room:
            await self.end_all(room, user_id, actor)

    async def end_all(self, room: Room, user_id: str, actor: str) -> None:
        """End all sessions of a user, within a transaction."""
        await room.users.lock()
        for session in await room.sessions.of_user(user_id):
            await self._end(room, session, actor, "session.ended")

    async def forget_old(self) -> int:
        """Remove sessions that ended a month ago, with their tokens, tenant by tenant; how many."""
        before, count = self._clock() - timedelta(days=30), 0
        async with self._doors.fleet() as fleet:
            tenants: Sequence[str] = [*await fleet.tenants(), FLEET]
        for tenant_id in tenants:
            async with self._doors.room(tenant_id) as room:
                count += await room.sessions.forget_old(before)
        return count

    async def _go_on(self, room: Room, token: Token) -> Granted | None:
        now = self._clock()
        session = await room.sessions.locked(token.row_id)
        if session is None:
            return None
        use = await room.sessions.use_token(session.session_id, token.hash, now)
        if use == "again" and session.ended_at is None:
            await self._end(room, session, f"user:{session.user_id}", "session.token_reused")
        if use != "first" or not session.open_at(now, self._lives.idle):
            return None
        user = await room.users.user(session.user_id)
        if user is None or not user.active:
            return None
        session = replace(session, last_used_at=now)
        await room.sessions.keep(session)
        return await self._grant(room, user, session, now)

    async def _grant(self, room: Room, user: User, session: Session, now: datetime) -> Granted:
        token = new_token(REFRESH, user.tenant_id, session.session_id)
        await room.sessions.add_token(session.session_id, token.hash)
        life = int(self._lives.token.total_seconds())
        begins = int(now.timestamp())
        claims: dict[str, str | int] = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": user.user_id, "tenant": user.tenant_id, "role": user.role,
            "scope": " ".join(sorted(SCOPES[user.role])), "sid": session.session_id, "jti": new_id(),
            "iat": begins, "exp": begins + life,
        }  # fmt: skip
        return Granted(await self._sign(room.fleet, claims), str(token), life, session.session_id)

    async def _end(self, room: Room, session: Session, actor: str, action: str) -> None:
        now = self._clock()
        await room.sessions.keep(replace(session, ended_at=now))
        # Its access tokens live on for a while: the gateway is told until the last one has expired.
        await room.fleet.revoke(session.session_id, now + self._lives.token + _SPARE)
        await room.note(AuditRow(actor, action, session.user_id, {"session": session.session_id}))


def _actor(user: User) -> str:
    return f"user:{user.user_id}"
