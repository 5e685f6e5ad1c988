from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import pytest

from gateway.application.api_ports import Undescribed
from gateway.application.hold_routes import HeldRoutes, NoSuchMethod, NoSuchPath, RoutesUnread
from gateway.domain.openapi import Json
from testkit.door import described

LEADS = described("GET /api/v1/leads")
FILES = described("GET /api/v1/files")


class Services:
    def __init__(self, **documents: Json) -> None:
        self.documents = documents
        self.asked: list[tuple[str, str | None]] = []

    async def fetch(self, service: str, known_tag: str | None) -> tuple[Json, str | None] | None:
        self.asked.append((service, known_tag))
        if service not in self.documents:
            raise Undescribed(f"{service} cannot be reached")
        tag = str(hash(str(self.documents[service])))
        return None if tag == known_tag else (self.documents[service], tag)


class Kept:
    def __init__(self, **documents: Json) -> None:
        self.documents: Mapping[str, Json] = documents
        self.saved = 0

    async def load(self) -> Mapping[str, Json]:
        return self.documents

    async def save(self, documents: Mapping[str, Json]) -> None:
        self.documents, self.saved = dict(documents), self.saved + 1


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def started(services: Services, kept: Kept, clock: Clock | None = None) -> HeldRoutes:
    """Routes after their first reading, and no other."""
    routes = HeldRoutes(["orchestrator", "files"], services, kept, clock or Clock())
    running = asyncio.create_task(routes.run())
    with suppress(NoSuchPath, RoutesUnread):
        await routes.find("GET", "/api/v1/none")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return routes


async def test_a_path_is_unknown_only_when_every_service_was_read() -> None:
    services = Services(orchestrator=LEADS)
    routes = await started(services, Kept())

    assert (await routes.find("GET", "/api/v1/leads")).service == "orchestrator"
    with pytest.raises(RoutesUnread, match="files"):
        await routes.find("GET", "/api/v1/files")
    assert any("files" in note for note in routes.notes())

    services.documents["files"] = FILES
    routes.forget_age()
    await routes.read()

    assert (await routes.find("GET", "/api/v1/files")).service == "files"
    with pytest.raises(NoSuchPath):
        await routes.find("GET", "/api/v1/customers")
    with pytest.raises(NoSuchMethod):
        await routes.find("POST", "/api/v1/files")
    assert routes.notes() == []


async def test_what_was_kept_serves_a_start_while_everything_is_down() -> None:
    routes = await started(Services(), Kept(orchestrator=LEADS, files=FILES, gone=LEADS))

    assert (await routes.find("GET", "/api/v1/files")).service == "files"
    assert list(routes.documents) == ["orchestrator", "files"]


async def test_a_service_is_asked_again_after_a_minute_and_read_only_when_it_changed() -> None:
    services, kept, clock = Services(orchestrator=LEADS, files=FILES), Kept(), Clock()
    routes = await started(services, kept, clock)
    assert (len(services.asked), kept.saved, routes.version) == (2, 1, 2)

    await routes.read()
    clock.now += 60
    await routes.read()
    assert (len(services.asked), kept.saved) == (4, 1)
    assert services.asked[-1][1] is not None

    services.documents["files"] = described("GET /api/v2/files")
    clock.now += 60
    await routes.read()
    assert (await routes.find("GET", "/api/v2/files")).service == "files"
    assert kept.saved == 2


async def test_a_service_that_is_down_is_asked_less_and_less_and_keeps_its_paths() -> None:
    services, clock = Services(orchestrator=LEADS, files=FILES), Clock()
    routes = await started(services, Kept(), clock)
    del services.documents["files"]
    clock.now += 60
    for _ in range(5):
        await routes.read()
        clock.now += 2.1
    asked = len(services.asked)
    await routes.read()

    assert (await routes.find("GET", "/api/v1/files")).service == "files"
    assert len(services.asked) == asked
    assert any("files cannot be read" in note for note in routes.notes())
