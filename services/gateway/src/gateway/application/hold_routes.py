"""Hold the API's table, derived from what the services say of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic

from gateway.application.api_ports import Descriptions, KeptDocuments, Undescribed
from gateway.domain.openapi import Json, operations_of
from gateway.domain.operations import Operation, OtherMethods, RouteTable

EVERY_SECONDS = 60.0
RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""A service that cannot be asked is asked again after these."""
PATIENCE = 3.0


class NoSuchPath(Exception):
    """No service answers this path."""


class NoSuchMethod(Exception):
    """The path is known, the method is not."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"use {', '.join(allowed)}")
        self.allowed = tuple(allowed)


class RoutesUnread(Exception):
    """Nobody can say whether the path exists: a service has not said yet what it answers."""


class HeldRoutes:
    """Each service is asked for its OpenAPI at the start and every 60 s; what was read last goes on when it is down.

    That a path does not exist is said only when every service was read, once, now or before the last start.
    """

    def __init__(
        self,
        services: Sequence[str],
        source: Descriptions,
        kept: KeptDocuments,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._services = tuple(services)
        self._source = source
        self._kept = kept
        self._clock = clock
        self._documents: dict[str, Json] = {}
        self._tags: dict[str, str | None] = {}
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._restored = False
        self._first_reading = asyncio.Event()
        self._stale = asyncio.Event()
        self.table = RouteTable.of(())
        self.version = 0
        """Rises when the table changes."""

    @property
    def documents(self) -> dict[str, Json]:
        """What was read, in the order of the services."""
        return {name: self._documents[name] for name in self._services if name in self._documents}

    @property
    def unread(self) -> list[str]:
        """The services that never said what they answer."""
        return [name for name in self._services if name not in self._documents]

    async def find(self, method: str, path: str) -> Operation:
        """The operation. Raises `NoSuchPath`, `NoSuchMethod`, `RoutesUnread`."""
        found = self.table.find(method, path)
        if found is None and self.unread and not self._first_reading.is_set():
            await self._first_reading_within(PATIENCE)
            found = self.table.find(method, path)
        if isinstance(found, Operation):
            return found
        if isinstance(found, OtherMethods):
            raise NoSuchMethod(found.allowed)
        if unread := self.unread:
            raise RoutesUnread(f"{', '.join(unread)} did not say yet what there is to ask: come again")
        raise NoSuchPath("there is no such path: see /docs")

    def notes(self) -> list[str]:
        """What /health should say."""
        unread = [f"no OpenAPI of {name} was read yet: its paths are not known" for name in self.unread]
        failing = [
            f"the OpenAPI of {name} cannot be read: what was read before is used"
            for name, times in self._failures.items()
            if times >= 3 and name in self._documents
        ]
        return [*unread, *failing, *self.table.conflicts]

    def forget_age(self) -> None:
        """Addresses changed: read again soon."""
        self._due.clear()
        self._stale.set()

    async def run(self) -> None:
        """Ask each service when its time has come."""
        await self._restore()
        while True:
            self._stale.clear()
            await self.read()
            self._first_reading.set()
            pause = min(self._due.values(), default=EVERY_SECONDS) - (self._clock() if self._due else 0.0)
            try:
                async with asyncio.timeout(max(pause, 0.05)):
                    await self._stale.wait()
            except TimeoutError:
                continue

    async def read(self) -> None:
        """Ask every service whose time has come; what changed is kept for the next start."""
        due = [name for name in self._services if self._due.get(name, 0.0) <= self._clock()]
        changed = await asyncio.gather(*(self._read(name) for name in due))
        if any(changed):
            self._rebuild()
            await self._kept.save(self.documents)

    async def _read(self, service: str) -> bool:
        try:
            fetched = await self._source.fetch(service, self._tags.get(service))
        except Undescribed:
            failures = self._failures[service] = self._failures.get(service, 0) + 1
            self._due[service] = self._clock() + RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
            return False
        self._failures.pop(service, None)
        self._due[service] = self._clock() + EVERY_SECONDS
        if fetched is None:
            return False
        document, self._tags[service] = fetched
        changed = self._documents.get(service) != document
        self._documents[service] = document
        return changed

    async def _restore(self) -> None:
        if not self._restored:
            self._restored = True
            self._documents |= {
                name: document
                for name, document in (await self._kept.load()).items()
                if name in self._services and name not in self._documents
            }
            self._rebuild()

    def _rebuild(self) -> None:
        self.table = RouteTable.of(
            operation
            for service, document in self.documents.items()
            for operation in operations_of(service, document)
        )
        self.version += 1

    async def _first_reading_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._first_reading.wait()
        except TimeoutError:
            return
