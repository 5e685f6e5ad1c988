"""The watch over a small fleet that behaves well and badly, on the real broker and database."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered, WatchKept
from frontdesk.stack import Stack
from observer.app import create_service
from observer.settings import known_services
from testkit.door import served
from testkit.replica import FakeReplica, Mood
from testkit.service import RunningService, running

THRESHOLDS: list[dict[str, object]] = [
    {
        "name": "silent",
        "metric": "replica_silent",
        "limit": 0.5,
        "severity": "critical",
        "group": "reachability",
    },
    {
        "name": "failing",
        "metric": "health_failing",
        "limit": 0,
        "severity": "critical",
        "group": "reachability",
    },
    {"name": "clock", "metric": "clock_skew", "limit": 2},
    {"name": "restarts", "metric": "restarts", "limit": 0},
    {"name": "slow", "metric": "latency_quantile", "limit": 500, "severity": "critical", "group": "latency"},
    {"name": "errors", "metric": "error_rate", "limit": 0.1, "severity": "critical", "group": "errors"},
    {"name": "nobody_hears", "metric": "consumers_missing", "limit": 0, "services": ["ocr"]},
]


@dataclass
class Fleet:
    """The running Observer, and the replicas it watches."""

    observer: RunningService
    replicas: dict[str, FakeReplica]
    config: Path

    async def get(self, path: str, **params: str) -> Any:
        answer = await self.observer.http.get(f"/api/v1/fleet/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def replica(self, service: str) -> dict[str, Any]:
        found = next(one for one in (await self.get("health"))["services"] if one["service"] == service)
        state: dict[str, Any] = found["replicas"][0]
        return state

    async def until(self, path: str, reached: Callable[[Any], bool], *, within: float = 15) -> Any:
        async with asyncio.timeout(within):
            while not reached(found := await self.get(path)):
                await asyncio.sleep(0.05)
        return found

    def write(self, thresholds: list[dict[str, object]], **more: object) -> None:
        notices = {"gather_seconds": 0.4, "update_seconds": 0.4}
        self.config.write_text(json.dumps({"notices": notices, "thresholds": thresholds, **more}))


@pytest.fixture(scope="module")
async def fleet(
    environment: dict[str, str], stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    """Four services in two processes, looked at ten times a second."""
    names = ("ocr", "crm-sync", "tenancy", "gateway")
    replicas = {
        name: FakeReplica(name, "p1" if name in ("ocr", "crm-sync") else f"p-{name}") for name in names
    }
    config = tmp_path_factory.mktemp("observer") / "observer_config.json"
    async with served_all(replicas) as urls:
        services = {name: urls.get(name, []) for name in known_services()}
        made = {
            **environment, "OBSERVER_SERVICES": json.dumps(services), "OBSERVER_CONFIG_PATH": str(config),
            "OBSERVER_RABBITMQ_URL": stack.management_url or "", "OBSERVER_ROUND_SECONDS": "0.1",
            "OBSERVER_METRICS_SECONDS": "0.1", "OBSERVER_LOOK_SECONDS": "0.5", "OBSERVER_BEAT_SECONDS": "0.5",
        }  # fmt: skip
        async with running(create_service, made) as observer:
            fleet = Fleet(observer, replicas, config)
            fleet.write(THRESHOLDS)
            await fleet.until("thresholds", lambda found: len(found["thresholds"]) == len(THRESHOLDS))
            yield fleet


class served_all:  # noqa: N801 — reads as the context manager that it is
    """Each replica on a port of its own."""

    def __init__(self, replicas: Mapping[str, FakeReplica]) -> None:
        self._replicas = replicas
        self._open: list[Any] = []

    async def __aenter__(self) -> dict[str, str]:
        urls: dict[str, str] = {}
        for name, replica in self._replicas.items():
            place = served(replica.routes())
            urls[name] = await place.__aenter__()
            self._open.append(place)
        return urls

    async def __aexit__(self, *_: object) -> None:
        for place in reversed(self._open):
            await place.__aexit__(None, None, None)


async def test_every_replica_its_process_and_its_queues_are_seen(fleet: Fleet) -> None:
    health = await fleet.until(
        "health", lambda found: bool(found["queues"]) and found["database"] and len(found["services"]) == 4
    )

    assert {one["service"]: one["health"] for one in health["services"]} == dict.fromkeys(
        fleet.replicas, "pass"
    )
    assert health["blind"] == {}
    assert any(queue["name"] == "observer.credentials.changed.v1" for queue in health["queues"])
    assert any(role == "frontdesk_observer" for role, _ in health["database"]["connections"])
    assert (await fleet.replica("ocr"))["process"] == "p1"


@pytest.mark.parametrize(
    ("mood", "state"),
    [("hanging", "silent"), ("garbage", "garbled"), ("huge", "garbled"), ("garbage metrics", "garbled")],
)
async def test_a_replica_that_misbehaves_is_told_apart_and_comes_back(
    fleet: Fleet, mood: Mood, state: str
) -> None:
    fleet.replicas["tenancy"].mood = mood
    try:
        async with asyncio.timeout(10):
            while (seen := await fleet.replica("tenancy"))["state"] != state:
                await asyncio.sleep(0.05)
        assert seen["failure"]
        assert (await fleet.replica("ocr"))["state"] == "answering"
    finally:
        fleet.replicas["tenancy"].mood = "well"
    async with asyncio.timeout(10):
        while (await fleet.replica("tenancy"))["state"] != "answering":
            await asyncio.sleep(0.05)


async def test_a_clock_that_is_off_and_a_restart_are_noticed(fleet: Fleet) -> None:
    replica = fleet.replicas["crm-sync"]
    replica.ahead = timedelta(seconds=90)
    alerts = await fleet.until("alerts", lambda found: any(one["threshold"] == "clock" for one in found))
    replica.ahead = timedelta(0)

    alert = next(one for one in alerts if one["threshold"] == "clock")
    assert alert["service"] == "crm-sync"
    assert alert["value"] == pytest.approx(90, abs=2)
    assert "90" in alert["summary"]["de"]

    fleet.replicas["gateway"].process = "p-gateway-again"
    await fleet.until("alerts", lambda found: any(one["threshold"] == "restarts" for one in found))


async def test_a_storm_is_one_notice_then_updates_then_its_end(fleet: Fleet) -> None:
    wire = fleet.observer.wire
    before = len(wire.all(ThresholdExceeded))
    for replica in fleet.replicas.values():
        replica.mood, replica.notes = "failing", ["the database does not answer"]
    try:
        told = await wire.heard(ThresholdExceeded, lambda event: event.others == 3)
        assert told.group == "reachability"
        assert told.severity == "critical"
        assert "the database does not answer" in told.summary.en
        assert "4 Störungen in 4 Diensten (crm-sync, gateway, ocr, tenancy)" in told.summary.de
        assert len(told.members) == 4
        since = [one for one in wire.all(ThresholdExceeded)[before:] if one.group == told.group]
        assert {one.alert_id for one in since} == {told.alert_id}, "a storm was told as several notices"
        assert [one.update for one in since] == list(range(len(since)))
    finally:
        for replica in fleet.replicas.values():
            replica.mood, replica.notes = "well", []
    over = await wire.heard(ThresholdRecovered, lambda event: event.alert_id == told.alert_id)
    assert over.group == told.group
    assert over.since <= over.recovered_at

    def all_over(found: Any) -> bool:
        states = [one["state"] for one in found if one["notice_id"] == told.alert_id]
        return states == ["recovered"] * 4

    await fleet.until("alerts/history", all_over)


async def test_the_first_errors_of_an_endpoint_and_a_slow_one_are_told(fleet: Fleet) -> None:
    metrics = fleet.replicas["gateway"].metrics
    for _ in range(30):
        metrics.requested("POST", "/hooks/{tenant_id}", 503, 2.0)

    errors = await fleet.observer.wire.heard(ThresholdExceeded, lambda event: event.group == "errors")
    slow = await fleet.observer.wire.heard(ThresholdExceeded, lambda event: event.group == "latency")

    assert (errors.service, errors.value, errors.unit) == ("gateway", 100.0, "percent")
    assert (slow.subject, slow.limit) == ("POST /hooks/{tenant_id}", 500.0)
    assert 1000 < slow.value <= 2500


async def test_what_is_silenced_is_shown_but_not_told(fleet: Fleet) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = await fleet.observer.http.post(
        "/api/v1/fleet/silences",
        json={"matchers": {"service": "tenancy"}, "ends_at": ends, "reason": "Umbau in der Größenstraße"},
        headers={"X-Actor": "u-17"},
    )
    assert made.status_code == 201, made.text
    silence = made.json()
    assert silence["made_by"].endswith("u-17")
    heard = len(fleet.observer.wire.all(ThresholdExceeded))
    fleet.replicas["tenancy"].mood = "failing"
    alerts = await fleet.until(
        "alerts", lambda found: any(one["service"] == "tenancy" and one["silenced_by"] for one in found)
    )
    await asyncio.sleep(1.0)
    assert len(fleet.observer.wire.all(ThresholdExceeded)) == heard
    assert any(one["silenced_by"] == silence["silence_id"] for one in alerts)

    ended = await fleet.observer.http.delete(f"/api/v1/fleet/silences/{silence['silence_id']}")
    assert ended.json()["ended_by"]
    await fleet.observer.wire.heard(
        ThresholdExceeded, lambda event: event.service == "tenancy" and event.others == 0
    )
    fleet.replicas["tenancy"].mood = "well"
    assert (await fleet.observer.http.delete("/api/v1/fleet/silences/none")).status_code == 404


async def test_an_invalid_file_is_refused_with_the_place_of_its_fault_and_the_old_one_stays(
    fleet: Fleet,
) -> None:
    wrong = [dict(one) for one in THRESHOLDS]
    wrong[2]["limit"] = "viel"
    fleet.write(wrong)

    refused = await fleet.until("thresholds", lambda found: found["refusal"] is not None)

    assert refused["refusal"]["faults"][0].startswith("$.thresholds[2].limit: ")
    assert len(refused["thresholds"]) == len(THRESHOLDS)
    notes = (await fleet.observer.http.get("/health")).json()["notes"]
    assert any("$.thresholds[2].limit" in note for note in notes)

    fleet.write(THRESHOLDS[:-1])
    await fleet.until("thresholds", lambda found: found["refusal"] is None)
    fleet.write(THRESHOLDS)
    await fleet.until("thresholds", lambda found: len(found["thresholds"]) == len(THRESHOLDS))


async def test_what_was_measured_is_read_back_over_the_api(fleet: Fleet) -> None:
    async def up() -> Any:
        since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        return await fleet.get(
            "series", name="frontdesk_replica_up", label="service=ocr", step="1", since=since
        )

    async with asyncio.timeout(10):
        while not (lines := await up()):
            await asyncio.sleep(0.1)
    assert lines[0]["labels"]["service"] == "ocr"
    assert lines[0]["points"][-1]["value"] == 1.0
    assert await fleet.get("series", name="somebody_elses_total") == []
    wrong = await fleet.observer.http.get(
        "/api/v1/fleet/series", params={"name": "x", "step": "1", "since": "2020-01-01T00:00:00Z"}
    )
    assert (wrong.status_code, "step" in wrong.json()["detail"]) == (422, True)


async def test_the_map_shows_who_says_what_to_whom(fleet: Fleet) -> None:
    fleet.replicas["tenancy"].metrics.published("credentials.changed.v1")
    found = await fleet.until(
        "map",
        lambda map_: any(edge["sender"] == "tenancy" and edge["per_second"] > 0 for edge in map_["edges"]),
    )

    edge = next(
        edge for edge in found["edges"] if edge["sender"] == "tenancy" and edge["hearer"] == "observer"
    )
    assert edge["message"] == "credentials.changed.v1"
    assert edge["waiting"] == 0
    assert {node["service"] for node in found["nodes"]} == set(fleet.replicas)


async def test_the_watch_gives_signs_of_life_and_shows_what_it_alone_sees(fleet: Fleet) -> None:
    kept = await fleet.observer.wire.heard(WatchKept)
    exposed = (await fleet.observer.http.get("/metrics")).text

    assert kept.next_within_seconds == 1.5
    assert 'frontdesk_replica_up{instance="' in exposed
    assert "frontdesk_watch_round_seconds" in exposed
    assert 'frontdesk_postgres_connections{role="frontdesk_observer"}' in exposed
