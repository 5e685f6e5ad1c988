"""Forget the stories that are too old."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from observer.application.ports import Clock, SpanStore, WatchOutage


class ForgetStories:
    """Once an hour; while the database does not answer, later."""

    def __init__(self, store: SpanStore, clock: Clock, age: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._age = age

    async def __call__(self) -> int:
        """Forget; returns how many spans there were. Raises `WatchOutage`."""
        return await self._store.forget(self._clock() - self._age)

    async def run(self, *, every: float = 3600.0) -> None:
        """Forget again and again."""
        while True:
            try:
                await self()
            except WatchOutage:
                await asyncio.sleep(min(every, 60.0))
            else:
                await asyncio.sleep(every)
