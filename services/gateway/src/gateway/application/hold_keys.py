"""Hold verified API keys for a while, so that tenancy is not asked with each request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import time

from gateway.application.api_ports import AccessSource, AccessUnreachable
from gateway.application.hold_access import AccessUnknown
from gateway.domain.access import VerifiedKey

FRESH_SECONDS = 60.0
MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Held:
    at: float
    key: VerifiedKey | None


class HeldKeys:
    """A key is held by its hash for 60 s, one that is none too; while tenancy is down, a good one for the stated time."""

    def __init__(self, source: AccessSource, hold_seconds: float, clock: Callable[[], float] = time) -> None:
        self._source = source
        self._hold_seconds = hold_seconds
        self._clock = clock
        self._held: OrderedDict[bytes, _Held] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[VerifiedKey | None]] = {}

    async def verify(self, key: str) -> VerifiedKey | None:
        """Whose key that is; None when it is none. Raises `AccessUnknown`."""
        digest = sha256(key.encode()).digest()
        held = self._held.get(digest)
        if held is not None and 0 <= self._clock() - held.at < FRESH_SECONDS:
            return held.key
        try:
            return await self._ask(digest, key)
        except AccessUnreachable as error:
            if held is not None and held.key is not None and self._clock() - held.at < self._hold_seconds:
                return held.key
            raise AccessUnknown("tenancy, which knows the API keys, does not answer: come again") from error

    def forget(self) -> None:
        """Something changed: ask again. What is held still serves while tenancy is down."""
        stale = self._clock() - FRESH_SECONDS
        for digest, held in list(self._held.items()):
            if held.key is None:
                del self._held[digest]
            else:
                self._held[digest] = _Held(min(held.at, stale), held.key)

    async def _ask(self, digest: bytes, key: str) -> VerifiedKey | None:
        """Who shows the same key meanwhile waits for the same answer."""
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.create_task(self._source.verify(key))
            asking.add_done_callback(lambda _: self._asking.pop(digest, None))
        found = await asyncio.shield(asking)
        self._held[digest] = _Held(self._clock(), found)
        self._held.move_to_end(digest)
        while len(self._held) > MOST:
            self._held.popitem(last=False)
        return found
