"""Kills services, broker and database in turn, at moments drawn from a seed, and says what was in flight."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import asyncpg
import httpx
from flood import Flood
from house import House
from inflight import InFlight, in_flight

BROKER, DATABASE = "broker", "postgres"
AT_WORK_SECONDS = 3.0
PAUSE = (0.3, 2.0)
"""Seconds that broker or database stay dead."""


@dataclass
class Killer:
    """Who was killed, and whether there was work under way."""

    house: House
    flood: Flood
    dice: random.Random
    say: Callable[[str], None]
    kills: int = 0
    met_work: int = 0
    untold: int = 0
    _servers: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def kill_in_turn(self, targets: Sequence[str], count: int, seconds: float) -> None:
        """Kill `count` times within `seconds`: every target once before any comes again."""
        turns: list[str] = []
        while len(turns) < count:
            turns += self.dice.sample(list(targets), len(targets))
        # Not before there is something to meet, and no two at the same instant.
        moments = sorted(self.dice.uniform(min(3.0, seconds / 10), seconds) for _ in range(count))
        began = monotonic()
        for moment, target in zip(moments, turns[:count], strict=True):
            await asyncio.sleep(max(0.0, began + moment - monotonic()))
            await self._until_at_work(target)
            await self.kill(target)

    async def kill(self, target: str) -> None:
        """`kill -9`; broker and database are started again after a pause, a service by its supervisor."""
        if target in (BROKER, DATABASE):
            await self._kill_server(target)
            return
        service = self.house.services[target]
        while not service.lives:
            await asyncio.sleep(0.1)
        service.freeze()
        try:
            await self._tell(target, [target])
        finally:
            await service.kill()

    async def _until_at_work(self, target: str) -> None:
        """Give the target a moment to get something to do: killing who is idle proves nothing."""
        services = None if target in (BROKER, DATABASE) else [target]
        with suppress(OSError, TimeoutError, httpx.HTTPError, asyncpg.PostgresError):
            async with asyncio.timeout(AT_WORK_SECONDS):
                while (await in_flight(self.house, services, self._requests(target))).nothing:
                    await asyncio.sleep(0.2)

    def _requests(self, target: str) -> int:
        return self.flood.outstanding if target in ("gateway", BROKER, DATABASE) else 0

    async def _kill_server(self, target: str) -> None:
        stack = self.house.stack
        server = stack.broker if target == BROKER else stack.postgres
        async with self._servers:
            await self._tell(target, None)
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(self.dice.uniform(*PAUSE))
            await asyncio.to_thread(server.start)

    async def _tell(self, target: str, services: Sequence[str] | None) -> None:
        self.kills += 1
        head = f"kill {self.kills:>3}  {target:<16}"
        try:
            async with asyncio.timeout(20):
                found = await in_flight(self.house, services, self._requests(target))
        except (OSError, TimeoutError, httpx.HTTPError, asyncpg.PostgresError) as error:
            self.untold += 1
            self.say(f"{head} in flight: not known, broker or database is down ({type(error).__name__})")
            return
        self._note(found)
        self.say(f"{head} in flight: {'nothing' if found.nothing else found}")

    def _note(self, found: InFlight) -> None:
        self.met_work += not found.nothing
