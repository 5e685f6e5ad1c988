"""Slow down those who guess: per account and per client address, counted where all replicas see it."""

from __future__ import annotations

from datetime import datetime

from tenancy.application.people_errors import TooManyAttempts
from tenancy.application.people_ports import Clock, Doors, FleetRecords
from tenancy.application.secret_ports import Hider
from tenancy.domain.attempts import OF_AN_ACCOUNT, OF_AN_ADDRESS, OF_LETTERS, Allowance, Attempts


class SlowDown:
    """An attempt is counted before it is looked at, so that many at once do not slip through; success forgives it."""

    def __init__(self, doors: Doors, hider: Hider, clock: Clock) -> None:
        self._doors = doors
        self._hider = hider
        self._clock = clock

    async def begin(self, account: str, client: str | None) -> int:
        """One attempt at an account, from a client address; how many there were since the last success.

        Raises `TooManyAttempts`. It is the same for accounts that do not exist.
        """
        now = self._clock()
        async with self._doors.fleet() as fleet:
            of_account = await self._next(fleet, "account", account, OF_AN_ACCOUNT, now)
            if client is not None:
                await self._next(fleet, "address", client, OF_AN_ADDRESS, now)
        return of_account.count

    async def forgive(self, account: str) -> None:
        """The right password was given. The client address is not forgiven: it may guess at other accounts."""
        async with self._doors.fleet() as fleet:
            await fleet.keep_attempts(self._hider.subject("account", account), None)

    async def letter(self, account: str) -> bool:
        """Whether another link may be mailed to an address."""
        try:
            async with self._doors.fleet() as fleet:
                await self._next(fleet, "letter", account, OF_LETTERS, self._clock())
        except TooManyAttempts:
            return False
        return True

    async def forget_old(self) -> None:
        """Remove attempts and revocations that mean nothing any more."""
        async with self._doors.fleet() as fleet:
            await fleet.forget_old(self._clock())

    async def _next(
        self, fleet: FleetRecords, kind: str, value: str, allowance: Allowance, now: datetime
    ) -> Attempts:
        subject = self._hider.subject(kind, value)
        before = await fleet.attempts(subject)
        wait = before.wait(now) if before is not None else None
        if wait is not None:
            raise TooManyAttempts(wait)
        attempts = allowance.after(before, now)
        await fleet.keep_attempts(subject, attempts)
        return attempts
