"""The Observer's bad days, on a stack of its own: its database gone, the management gone, itself killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis.migration import migrate
from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered, WatchKept
from frontdesk.fleet.roster import environ
from frontdesk.stack import Stack
from observer.app import create_service
from observer.settings import known_services
from testkit.door import served
from testkit.replica import FakeReplica
from testkit.service import RunningService, free_port, running
from testkit.wire import tapped

pytestmark = [pytest.mark.outage, pytest.mark.timeout(200)]
THRESHOLDS = [
    {"name": "failing", "metric": "health_failing", "limit": 0, "severity": "critical"},
    {"name": "silent", "metric": "replica_silent", "limit": 0.3, "severity": "critical"},
    {"name": "blind", "metric": "blind", "limit": 0.1, "severity": "critical"},
]


class Management:
    """RabbitMQ's management, which can be out of its mind while the broker is well."""

    def __init__(self) -> None:
        self.mood = "well"

    async def queues(self, _: Request) -> Response:
        if self.mood == "gone":
            return Response(status_code=500)
        if self.mood == "garbage":
            return Response("<html>")
        return JSONResponse([{"name": "ocr.document.received.v1", "messages_ready": 3, "consumers": 0}])


@pytest.fixture(scope="module")
def replica() -> FakeReplica:
    return FakeReplica("ocr", "p1")


@pytest.fixture(scope="module")
def management() -> Management:
    return Management()


@pytest.fixture(scope="module")
async def environment_of_a_watch(
    own_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    replica: FakeReplica,
    management: Management,
) -> AsyncIterator[dict[str, str]]:
    config = tmp_path_factory.mktemp("observer") / "observer_config.json"
    notices = {"gather_seconds": 0.1, "update_seconds": 0.1}
    config.write_text(json.dumps({"notices": notices, "thresholds": THRESHOLDS}))
    route = Route("/api/queues/{vhost:path}", management.queues)
    async with served([*replica.routes(), route]) as url:
        services = {name: [url] if name == "ocr" else [] for name in known_services()}
        yield {
            **own_environment, "OBSERVER_SERVICES": json.dumps(services), "OBSERVER_CONFIG_PATH": str(config),
            "OBSERVER_RABBITMQ_URL": url, "OBSERVER_ROUND_SECONDS": "0.1", "OBSERVER_METRICS_SECONDS": "0.1",
            "OBSERVER_LOOK_SECONDS": "1", "OBSERVER_BEAT_SECONDS": "0.5", "OBSERVER_LEAD_SECONDS": "1", "OBSERVER_HEARTBEAT_URL": f"{url}/health",
        }  # fmt: skip


@dataclass
class Takeover:
    """What was seen of two Observers, of which the first was killed."""

    first: str
    stood_by: list[str]
    told: ThresholdExceeded
    alerts_of_the_standby: str
    said_by_the_first: int
    observer: RunningService


@pytest.fixture(scope="module")
async def takeover(environment_of_a_watch: dict[str, str], replica: FakeReplica) -> AsyncIterator[Takeover]:
    """An Observer of its own process leads, a second stands by; the first is killed while a breach is open."""
    own = {**os.environ, **environment_of_a_watch, "HTTP_PORT": str(free_port())}
    with environ(environment_of_a_watch):
        before_both = create_service()
    await migrate(before_both)
    await before_both.declare()
    await before_both.database.close()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "observer", env=own)
    try:
        async with tapped(environment_of_a_watch["AMQP_URL"]) as wire:
            first = (await wire.heard(WatchKept, within=60)).observer_id
        async with running(create_service, environment_of_a_watch) as observer:
            yield await _takeover(process, first, observer, replica)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _takeover(
    process: asyncio.subprocess.Process, first: str, observer: RunningService, replica: FakeReplica
) -> Takeover:
    replica.mood = "failing"
    told = await observer.wire.heard(ThresholdExceeded, lambda event: event.threshold == "failing")
    stood_by = (await observer.http.get("/health")).json()["notes"]
    alerts = (await observer.http.get("/metrics")).text
    process.kill()
    await process.wait()
    said = len([one for one in observer.wire.all(WatchKept) if one.observer_id == first])
    await observer.wire.heard(WatchKept, lambda event: event.observer_id != first)
    replica.mood = "well"
    return Takeover(first, stood_by, told, alerts, said, observer)


@pytest.fixture(scope="module")
def observer(takeover: Takeover) -> RunningService:
    """The one that took over."""
    return takeover.observer


async def test_an_observer_that_is_killed_falls_silent_and_another_goes_on_where_it_was(
    takeover: Takeover,
) -> None:
    """The dead-man's switch: its signs of life stop. Whoever takes over tells nothing twice, and that it is over."""
    wire = takeover.observer.wire
    over = await wire.heard(ThresholdRecovered, lambda event: event.alert_id == takeover.told.alert_id)
    failing = [one for one in wire.all(ThresholdExceeded) if one.threshold == "failing"]

    assert over.threshold == "failing"
    assert {one.alert_id for one in failing} == {takeover.told.alert_id}
    assert len([one for one in failing if one.update == 0]) == 1
    assert (
        len([one for one in wire.all(WatchKept) if one.observer_id == takeover.first])
        == takeover.said_by_the_first
    )
    assert "another Observer keeps the watch; this one stands by" in takeover.stood_by
    assert 'frontdesk_alerts{severity="critical"} 0.0' in takeover.alerts_of_the_standby
    notes = (await takeover.observer.http.get("/health")).json().get("notes", [])
    assert "another Observer keeps the watch; this one stands by" not in notes


async def seen(observer: RunningService) -> dict[str, Any]:
    answer = await observer.http.get("/api/v1/fleet/health")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def until_blind(observer: RunningService, *what: str, within: float = 20) -> None:
    async with asyncio.timeout(within):
        while sorted((await seen(observer))["blind"]) != sorted(what):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("mood", ["gone", "garbage"])
async def test_without_the_management_the_watch_goes_on_and_says_so(
    observer: RunningService, management: Management, replica: FakeReplica, mood: str
) -> None:
    heard = len(observer.wire.all(ThresholdRecovered))
    await until_blind(observer)
    management.mood = mood
    await until_blind(observer, "rabbitmq")
    told = await observer.wire.heard(
        ThresholdExceeded,
        lambda event: event.subject == "rabbitmq" and event.alert_id not in before(observer),
    )
    looks = replica.looks
    health = (await observer.http.get("/health")).json()
    management.mood = "well"
    await until_blind(observer)

    assert any(note.startswith("rabbitmq is not seen") for note in health["notes"])
    assert told.threshold == "blind"
    assert replica.looks > looks or replica.looks > 5
    async with asyncio.timeout(10):
        while len(observer.wire.all(ThresholdRecovered)) == heard:
            await asyncio.sleep(0.05)


async def test_without_its_database_it_watches_tells_and_keeps_for_later(
    observer: RunningService, own_stack: Stack, replica: FakeReplica
) -> None:
    await asyncio.to_thread(own_stack.postgres.kill)
    try:
        await until_blind(observer, "postgres")
        replica.mood = "failing"
        told = await observer.wire.heard(ThresholdExceeded, lambda event: event.threshold == "failing")
        assert told.service == "ocr"
        life = await observer.wire.heard(WatchKept, lambda event: "postgres" in event.blind, within=20)
        assert life.blind == ("postgres",)
        answer = await observer.http.get("/health")
        assert any("it watches on" in note for note in answer.json()["notes"])
        open_ = (await observer.http.get("/api/v1/fleet/alerts")).json()
        assert {"ocr", None} == {one["service"] for one in open_}
        assert (await observer.http.get("/api/v1/fleet/alerts/history")).status_code == 503
    finally:
        await asyncio.to_thread(own_stack.postgres.start)
    await until_blind(observer)
    replica.mood = "well"
    await observer.wire.heard(ThresholdRecovered, lambda event: event.alert_id == told.alert_id)

    async def history() -> list[dict[str, Any]]:
        answer = await observer.http.get("/api/v1/fleet/alerts/history")
        return answer.json() if answer.status_code == 200 else []

    async with asyncio.timeout(20):
        while [one["state"] for one in await history() if one["notice_id"] == told.alert_id] != ["recovered"]:
            await asyncio.sleep(0.1)
    kept = await observer.http.get(
        "/api/v1/fleet/series", params={"name": "frontdesk_replica_up", "step": "60"}
    )
    assert kept.json()[0]["labels"]["service"] == "ocr"


def before(observer: RunningService) -> set[str]:
    """Notices that are over."""
    return {event.alert_id for event in observer.wire.all(ThresholdRecovered)}
