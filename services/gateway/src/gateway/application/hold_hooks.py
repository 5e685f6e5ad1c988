"""Hold all hooks in memory, so that a webhook never waits for the registry."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from gateway.application.ports import HookSource, RegistryUnreachable, Snapshot
from gateway.application.reading import Reading
from gateway.domain.hook import Hook, HookTable

EVERY_SECONDS = 60.0
RETRY_SECONDS = 2.0
ASK_AGAIN_SECONDS = 1.0
"""An unknown hook makes the registry be read again, at most this often."""
CURRENT_SECONDS = 300.0
"""A registry that was read longer ago is no ground for saying that a hook does not exist."""
PATIENCE = 3.0


class RegistryUnread(Exception):
    """Nobody can say whether the hook exists: the registry was not read, or too long ago."""


class HeldHooks:
    """Known hooks are found even when tenancy is down; that one is unknown is said only after a fresh reading.

    A snapshot is good for finding a hook, not for missing one: it may be older than the hook.
    """

    def __init__(
        self, source: HookSource, snapshot: Snapshot, clock: Callable[[], float] = monotonic
    ) -> None:
        self._source = source
        self._snapshot = snapshot
        self._clock = clock
        self._table = HookTable.of(())
        self._tag: str | None = None
        self._read_at: float | None = None
        self._asked_at: float | None = None
        self._restored = False
        self._reading = Reading(self._read, every_seconds=EVERY_SECONDS, retry_seconds=RETRY_SECONDS)

    def find(self, source: str, hook_id: str) -> Hook | None:
        """The hook, if it is known."""
        return self._table.find(source, hook_id)

    async def find_or_read(self, source: str, hook_id: str) -> Hook | None:
        """The hook, if need be after reading the registry again. Raises `RegistryUnread`."""
        hook = self.find(source, hook_id)
        if hook is None and (self._reading.under_way or self._may_ask_again()):
            await self._reading.within(PATIENCE)
            hook = self.find(source, hook_id)
        if hook is None and not self.current:
            raise RegistryUnread("the registry of hooks does not answer")
        return hook

    @property
    def current(self) -> bool:
        """Whether the registry was read lately."""
        return self._read_at is not None and self._clock() - self._read_at < CURRENT_SECONDS

    def notes(self) -> list[str]:
        """What /health should say."""
        if self.current:
            return []
        return [
            f"the registry of hooks was not read for {CURRENT_SECONDS:.0f} s: {len(self._table.by_id)} hooks are held"
        ]

    def forget_age(self) -> None:
        """Something changed: read again soon."""
        self._reading.soon()

    async def run(self) -> None:
        """Read at the start, when something changed, and every 60 s; sooner after a failure."""
        await self._reading.run()

    async def read(self) -> None:
        """Read the registry once. A failure leaves what is held."""
        await self._reading.now()

    async def _read(self) -> bool:
        if not self._restored:
            self._restored = True
            kept = await self._snapshot.load()
            if kept is not None:
                self._table = HookTable.of(kept)
        self._asked_at = self._clock()
        try:
            fetched = await self._source.fetch(self._tag)
        except RegistryUnreachable:
            return False
        self._read_at = self._clock()
        if fetched is not None:
            self._table = HookTable.of(fetched.hooks)
            self._tag = fetched.tag
            await self._snapshot.save(fetched.hooks)
        return True

    def _may_ask_again(self) -> bool:
        return self._asked_at is None or self._clock() - self._asked_at >= ASK_AGAIN_SECONDS
