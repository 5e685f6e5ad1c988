"""Reading something elsewhere again and again, so that a request finds in memory what it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Reading:
    """Reads at the start, when something changed, and every so often; sooner after a failure.

    `read` does it and says whether it succeeded. Who wants a reading while one is under way waits for that one.
    """

    def __init__(
        self, read: Callable[[], Awaitable[bool]], *, every_seconds: float, retry_seconds: float
    ) -> None:
        self._read = read
        self._every_seconds = every_seconds
        self._retry_seconds = retry_seconds
        self._task: asyncio.Task[bool] | None = None
        self._stale = asyncio.Event()

    @property
    def under_way(self) -> bool:
        """Whether somebody reads at this moment."""
        return self._task is not None and not self._task.done()

    async def run(self) -> None:
        """Read for ever."""
        while True:
            self._stale.clear()
            succeeded = await self.now()
            try:
                async with asyncio.timeout(self._every_seconds if succeeded else self._retry_seconds):
                    await self._stale.wait()
            except TimeoutError:
                continue

    async def now(self) -> bool:
        """Read once; whether it succeeded."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._read())
        return await asyncio.shield(self._task)

    async def within(self, seconds: float) -> None:
        """Read once, and wait for it no longer than this."""
        try:
            async with asyncio.timeout(seconds):
                await self.now()
        except TimeoutError:
            return

    def soon(self) -> None:
        """Something changed: let `run` read at once."""
        self._stale.set()
