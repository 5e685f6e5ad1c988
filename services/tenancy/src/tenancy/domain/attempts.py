"""How wrong passwords are slowed down: a few are free, then each has a wait that doubles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many failures are free, how long the first wait and the longest are, and when failures are forgotten."""

    free: int
    first: timedelta
    longest: timedelta
    forgotten: timedelta

    def after(self, attempts: Attempts | None, now: datetime) -> Attempts:
        """One attempt more."""
        count = 1 if attempts is None or now - attempts.last_at >= self.forgotten else attempts.count + 1
        beyond = count - self.free
        if beyond < 0:
            return Attempts(count, now, None)
        wait = min(self.first * 2 ** min(beyond, 20), self.longest)
        return Attempts(count, now, now + wait)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Attempts at one account, or of one client address, that did not succeed (or are under way)."""

    count: int
    last_at: datetime
    locked_until: datetime | None

    def wait(self, now: datetime) -> timedelta | None:
        """How long no further attempt is looked at."""
        if self.locked_until is None or self.locked_until <= now:
            return None
        return self.locked_until - now


OF_AN_ACCOUNT = Allowance(5, timedelta(seconds=30), timedelta(minutes=15), timedelta(hours=24))
OF_AN_ADDRESS = Allowance(30, timedelta(seconds=30), timedelta(minutes=15), timedelta(hours=1))
"""Many people may sit behind one address, so more is free there."""
OF_LETTERS = Allowance(3, timedelta(minutes=10), timedelta(hours=6), timedelta(hours=24))
"""How often a person is mailed a link because somebody asked for it."""
