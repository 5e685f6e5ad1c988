"""What ocr does by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_SECONDS = 600.0


def sweeping(sweep: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Sweep at the start, and every ten minutes."""

    async def keep_swept() -> None:
        while True:
            await sweep()
            await asyncio.sleep(_SECONDS)

    return keep_swept
