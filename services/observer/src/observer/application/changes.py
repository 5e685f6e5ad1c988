"""What changes in the fleet, as it changes: for pages that show it live."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

MOST_WAITING = 200
"""Changes that wait for one slow listener; then it misses the oldest and is told so."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One change. `round`: everything was looked at again; `missed`: the listener was too slow, it must look again."""

    kind: Literal["round", "replica", "alert", "thresholds", "silence", "missed"]
    at: datetime
    service: str | None = None
    subject: str | None = None
    state: str = ""
    """Of a replica: new, answering, silent, garbled, gone, restarted. Of an alert: firing or recovered."""


@dataclass(slots=True)
class Changes:
    """Hands each change to everybody who listens; nobody is waited for."""

    _listeners: set[asyncio.Queue[Changed | None]] = field(default_factory=set[asyncio.Queue[Changed | None]])
    _over: bool = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def tell(self, change: Changed) -> None:
        """Tell all who listen."""
        for queue in self._listeners:
            if queue.full():
                _empty(queue)
                queue.put_nowait(Changed("missed", change.at))
            queue.put_nowait(change)

    def end(self) -> None:
        """Tell nothing more: who listens comes to an end, and whoever begins to."""
        self._over = True
        for queue in self._listeners:
            _empty(queue)
            queue.put_nowait(None)

    async def follow(self) -> AsyncGenerator[Changed]:
        """Every change from now on, until the listener goes or there is an end."""
        queue: asyncio.Queue[Changed | None] = asyncio.Queue(MOST_WAITING)
        self._listeners.add(queue)
        try:
            while not self._over and (change := await queue.get()) is not None:
                yield change
        finally:
            self._listeners.discard(queue)


def _empty(queue: asyncio.Queue[Changed | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
