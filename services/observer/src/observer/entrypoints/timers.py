"""The Observer's own loops: the watch, its sign of life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic


def regularly(work: Callable[[], Awaitable[object]], *, seconds: float) -> Callable[[], Awaitable[None]]:
    """Do it for ever, every `seconds`; what takes longer begins anew at once, and never twice at a time."""

    async def run() -> None:
        while True:
            began = monotonic()
            await work()
            await asyncio.sleep(max(seconds - (monotonic() - began), 0.0))

    return run
