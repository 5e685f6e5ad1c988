"""The Observer's bad days, on a stack of its own: its database gone, the management gone, itself killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered, WatchKept
from frontdesk.stack import Stack
from observer.app import create_service
from observer.settings import known_services
from testkit.door import served
from testkit.replica import FakeReplica
from testkit.service import RunningService, free_port, running

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
            "OBSERVER_LOOK_SECONDS": "1", "OBSERVER_BEAT_SECONDS": "0.5", "OBSERVER_HEARTBEAT_URL": f"{url}/health",
        }  # fmt: skip


@pytest.fixture(scope="module")
async def observer(environment_of_a_watch: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment_of_a_watch) as observer:
        yield observer


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


async def test_an_observer_that_is_killed_falls_silent_and_goes_on_where_it_was(
    environment_of_a_watch: dict[str, str], observer: RunningService, replica: FakeReplica, tmp_path: Path
) -> None:
    """The dead-man's switch: its signs of life stop. Started again, it tells nothing twice."""
    replica.mood = "failing"
    told = await observer.wire.heard(
        ThresholdExceeded,
        lambda event: event.threshold == "failing" and event.alert_id not in before(observer),
    )
    history = await observer.http.get("/api/v1/fleet/alerts/history")
    async with asyncio.timeout(10):
        while told.alert_id not in [one["notice_id"] for one in history.json()]:
            history = await observer.http.get("/api/v1/fleet/alerts/history")
            await asyncio.sleep(0.05)
    port = free_port()
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "observer", env={**os.environ, **environment_of_a_watch, "HTTP_PORT": str(port)}
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(30):
            own = observer.wire.all(WatchKept)[-1].observer_id
            life = await observer.wire.heard(WatchKept, lambda event: event.observer_id != own, within=30)
            while (
                'frontdesk_alerts{severity="critical"} 1.0'
                not in (await http.get(f"http://127.0.0.1:{port}/metrics")).text
            ):
                await asyncio.sleep(0.1)
        second.send_signal(signal.SIGKILL)
        await second.wait()
        silent_since = len(
            [one for one in observer.wire.all(WatchKept) if one.observer_id == life.observer_id]
        )
        await asyncio.sleep(1.2)
        again = len([one for one in observer.wire.all(WatchKept) if one.observer_id == life.observer_id])
        assert again == silent_since
    finally:
        replica.mood = "well"
        if second.returncode is None:
            second.kill()
    same = [
        event
        for event in observer.wire.all(ThresholdExceeded)
        if event.alert_id == told.alert_id and event.update == 0
    ]
    assert len(same) == 1
    others = {
        event.alert_id for event in observer.wire.all(ThresholdExceeded) if event.threshold == "failing"
    }
    assert others <= {told.alert_id, *before(observer)}


def before(observer: RunningService) -> set[str]:
    """Notices that are over."""
    return {event.alert_id for event in observer.wire.all(ThresholdRecovered)}
