"""Who is watched: each tenant who has a mailbox, as tenants come, change and go."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from email_ingest.application.ports import MailAccount, Mailboxes, Tenants
from email_ingest.application.watch_mailbox import WatchMailbox, WatchState

_SOON = 2.0
_FIRST_PAUSE = 0.5
"""News may be said before this process hears it: in its first minutes it asks more often, at growing distances."""


@dataclass(slots=True)
class _Watched:
    account: MailAccount
    states: tuple[WatchState, ...]
    tasks: tuple[asyncio.Task[None], ...]


class WatchTenants:
    """Keeps a watch on the inbox and the Sent folder of each tenant who has a mailbox, as tenants come, change and go."""

    def __init__(
        self, *, tenants: Tenants, mailboxes: Mailboxes, watch: WatchMailbox, again_seconds: float
    ) -> None:
        self._tenants = tenants
        self._mailboxes = mailboxes
        self._watch = watch
        self._again_seconds = again_seconds
        self._watched: dict[str, _Watched] = {}
        self._named: set[str] = set()
        self._everybody = True
        self._news = asyncio.Event()
        self._trouble: str | None = None

    @property
    def states(self) -> list[WatchState]:
        """How each watch is doing."""
        return [state for watched in self._watched.values() for state in watched.states]

    def notes(self) -> list[str]:
        """What is not well, in sentences for people."""
        troubled = [state for state in self.states if state.trouble is not None]
        notes = [f"tenant {state.tenant_id}, {state.folder}: {state.trouble}" for state in troubled]
        return [*notes, *([self._trouble] if self._trouble else [])]

    def look_again(self, tenant_id: str | None = None) -> None:
        """A tenant's mailbox may have changed, or anybody's: look at once. A refused one is tried again."""
        if tenant_id is None:
            self._everybody = True
        else:
            self._named.add(tenant_id)
        self._news.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        pause = _FIRST_PAUSE
        try:
            while True:
                self._news.clear()
                named, everybody = self._named, self._everybody
                self._named, self._everybody = set(), False
                self._trouble = None
                try:
                    await self._reconcile(named, everybody=everybody)
                except Exception as error:  # noqa: BLE001 — said, and tried again with what was asked for
                    self._trouble = f"the tenants could not be learned: {error}"
                    self._named |= named
                    self._everybody = self._everybody or everybody
                pause = min(pause * 2, self._again_seconds)
                wait = pause if self._trouble is None else min(pause, _SOON)
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._news.wait()
                    continue
                self._everybody = True
        finally:
            for tenant_id in list(self._watched):
                await self._end(tenant_id)

    async def _reconcile(self, named: set[str], *, everybody: bool) -> None:
        tenants = set(await self._tenants.all()) if everybody or named else set()
        for gone in (set(self._watched) if everybody else named & set(self._watched)) - tenants:
            await self._end(gone)
        for tenant_id in sorted(tenants if everybody else named & tenants, key=lambda one: one not in named):
            try:
                await self._see_to(tenant_id, again=tenant_id in named)
            except Exception as error:  # noqa: BLE001 — said, tried again, and no harm to the other tenants
                self._trouble = f"the mailbox of tenant {tenant_id} could not be learned: {error}"
                self._named.add(tenant_id)

    async def _see_to(self, tenant_id: str, *, again: bool) -> None:
        account = await self._mailboxes.account(tenant_id)
        watched = self._watched.get(tenant_id)
        if watched is not None:
            refused = any(state.refused for state in watched.states)
            if account is not None and account.stamp == watched.account.stamp and not (again and refused):
                return
            await self._end(tenant_id)
        if account is not None:
            states = (WatchState(tenant_id, "inbox"), WatchState(tenant_id, "sent"))
            tasks = tuple(asyncio.create_task(self._watch(account, state)) for state in states)
            self._watched[tenant_id] = _Watched(account, states, tasks)

    async def _end(self, tenant_id: str) -> None:
        watched = self._watched.pop(tenant_id)
        for task in watched.tasks:
            task.cancel()
        await asyncio.gather(*watched.tasks, return_exceptions=True)
