"""Log in with e-mail address and password."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tenancy.application.keep_sessions import Granted, KeepSessions
from tenancy.application.people_errors import SignInRefused
from tenancy.application.people_ports import Doors
from tenancy.application.ports import AuditRow
from tenancy.application.secret_ports import PasswordHashes
from tenancy.application.slow_down import SlowDown
from tenancy.domain.attempts import OF_AN_ACCOUNT
from tenancy.domain.email import NoAddress, account_of
from tenancy.domain.passwords import normal
from tenancy.domain.people import User
from tenancy.domain.permissions import FLEET


class SignIn:
    """An unknown address, a disabled account and a wrong password have one answer, and take the same time."""

    def __init__(
        self, doors: Doors, hashes: PasswordHashes, slow_down: SlowDown, sessions: KeepSessions
    ) -> None:
        self._doors = doors
        self._hashes = hashes
        self._slow_down = slow_down
        self._sessions = sessions

    async def __call__(self, email: str, password: str, client: str | None) -> Granted:
        """Raises `SignInRefused` and `TooManyAttempts`."""
        account = _account(email)
        attempts = await self._slow_down.begin(account, client)
        user = await self._user(account)
        kept = user.password_hash if user is not None and user.active else None
        fits, better = await self._hashes.fits(normal(password), kept)
        if user is None or not fits:
            await self._failed(user, attempts)
            raise SignInRefused("the e-mail address or the password is wrong")
        await self._slow_down.forgive(account)
        if better is not None:
            await self._renew(user, better)
        return await self._sessions.open(user, "password", attempts=attempts)

    async def _user(self, account: str) -> User | None:
        async with self._doors.fleet() as fleet:
            login = await fleet.login(account)
        # For an address that nobody has, a tenant is asked too, in which nobody is found.
        async with self._doors.room(login.tenant_id if login else FLEET) as room:
            return await room.users.user(login.user_id if login else "")

    async def _failed(self, user: User | None, attempts: int) -> None:
        # Only what begins a lock is noted: an audit that a stranger can fill is none.
        if user is not None and attempts >= OF_AN_ACCOUNT.free:
            async with self._doors.room(user.tenant_id) as room:
                await room.note(AuditRow("nobody", "login.locked", user.user_id, {"attempts": attempts}))

    async def _renew(self, user: User, password_hash: str) -> None:
        async with self._doors.room(user.tenant_id) as room:
            await room.users.lock()
            known = await room.users.user(user.user_id)
            if known is not None and known.password_hash == user.password_hash:
                await room.users.keep(replace(known, password_hash=password_hash))


def _account(email: str) -> str:
    try:
        return account_of(email)
    except NoAddress:
        # Nobody has it; it is slowed down under a name of its own all the same.
        return f"no address {hashlib.sha256(email.encode()).hexdigest()}"
