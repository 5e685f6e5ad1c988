"""Of several Observers one keeps the watch: it judges, tells, keeps, advises; the others look, and stand by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from observer.application.ports import Lease, Log, WatchOutage

LAST_SECONDS = 2.0
"""How long a stop waits for the lead to be let go; else it expires."""


class HoldLead:
    """Whether this Observer leads.

    While the database is away everything stays as it was: who led goes on, for nobody can take over; who has never known it
    leads, for a breach that is told twice is better than one that nobody tells.
    """

    def __init__(self, lease: Lease, log: Log, *, every_seconds: float) -> None:
        self._lease = lease
        self._log = log
        self._every = every_seconds
        self._holds: bool | None = None

    @property
    def leads(self) -> bool:
        """Whether this one keeps the watch."""
        return self._holds is not False

    async def __call__(self) -> bool:
        """Take the lead when nobody has it, or keep it; returns whether this one leads."""
        try:
            holds = await self._lease.hold()
        except WatchOutage:
            return self.leads
        if holds and self._holds is False:
            self._log.trouble("nobody keeps the watch any more: this Observer takes over", "")
        if not holds and self._holds is not False:
            self._log.trouble("another Observer keeps the watch: this one stands by", "")
        self._holds = holds
        return holds

    async def known(self) -> bool:
        """Whether this one leads, asked for when nobody has looked yet."""
        return await self() if self._holds is None else self._holds

    async def run(self) -> None:
        """Keep the lead, or wait for it, for ever; let go of it at the end."""
        try:
            while True:
                await self()
                await asyncio.sleep(self._every)
        finally:
            if self._holds:
                await self._let_go()

    def only(self, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """Work that one Observer does, and not those that stand by."""

        async def turn() -> None:
            if await self.known():
                await work()

        return turn

    def notes(self) -> list[str]:
        """What /health should say."""
        return [] if self.leads else ["another Observer keeps the watch; this one stands by"]

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self._lease.release()
        except (WatchOutage, TimeoutError):
            return  # it expires
