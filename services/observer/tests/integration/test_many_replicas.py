"""Fifty replicas that appear at once, over HTTP: one program that answers at fifty addresses of the loopback net."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from observer.adapters.directory import ResolvedAddresses
from observer.adapters.observer_config import read_config
from observer.adapters.replicas import HttpReplicas
from observer.adapters.watch_log import WatchLog
from observer.application.changes import Changed, Changes
from observer.application.hold_thresholds import HeldThresholds
from observer.application.judge_fleet import JudgeFleet
from observer.application.silence_alerts import Silences
from observer.application.watch_fleet import Pace, Watched, WatchFleet
from observer.domain.fleet import DatabaseSeen
from observer.domain.judging import Alert
from observer.domain.silences import Silence
from observer.settings import known_services
from testkit.door import served
from testkit.replica import FakeReplica

CONFIG = Path(__file__).parents[4] / "deploy" / "observer_config.json"
FIFTY = [f"127.0.1.{number}" for number in range(1, 51)]


class Crowd:
    """Fifty replicas of one service; counts who is asked, and how many at the same time."""

    def __init__(self) -> None:
        self.replicas = {host: FakeReplica("ocr", f"p-{host}") for host in FIFTY}
        self.asked_at_once = 0
        self.most_at_once = 0

    def routes(self) -> list[Route]:
        return [Route("/health", self._answer), Route("/metrics", self._answer)]

    async def _answer(self, request: Request) -> Response:
        self.asked_at_once += 1
        self.most_at_once = max(self.most_at_once, self.asked_at_once)
        try:
            await asyncio.sleep(0)
            replica = self.replicas[request.url.hostname or ""]
            endpoint = {route.path: route.endpoint for route in replica.routes()}[request.url.path]
            answer: Response = await endpoint(request)
            return answer
        finally:
            self.asked_at_once -= 1


class QuietServer:
    """The port `Postgres`: a database in which nothing happens."""

    async def look(self) -> DatabaseSeen:
        return DatabaseSeen((("frontdesk_observer", 1),), 100, 0, 0, 0, 0)


class NoSilences:
    """The port `SilenceRecords`: nobody has silenced anything."""

    async def all(self, *, ended_after: datetime) -> Sequence[Silence]:
        del ended_after
        return []

    async def keep(self, silence: Silence) -> None:
        raise AssertionError(f"nobody makes a silence here: {silence}")


@dataclass
class Noted(Changes):
    """All changes, in their order."""

    all: list[Changed] = field(default_factory=list[Changed])

    def tell(self, change: Changed) -> None:
        self.all.append(change)

    def of(self, state: str) -> set[str | None]:
        return {change.subject for change in self.all if change.kind == "replica" and change.state == state}


@dataclass
class Round:
    """The Observer's round, by a clock that goes 15 s ahead with each, under the thresholds of the house."""

    crowd: Crowd
    services: dict[str, list[str]]
    urls: list[str]
    changes: Noted
    watched: Watched
    look: WatchFleet
    judge: JudgeFleet
    ahead: timedelta = timedelta(0)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def turn(self) -> tuple[list[Alert], int]:
        """One round; the alerts that fired or recovered, and how many samples are kept."""
        self.ahead += timedelta(seconds=15)
        for replica in self.crowd.replicas.values():
            replica.ahead = self.ahead
        sight, samples = await self.look()
        return self.judge(sight), len(samples)


@pytest.fixture
async def rounds() -> AsyncIterator[Round]:
    crowd, changes, watched, log = Crowd(), Noted(), Watched(), WatchLog()
    async with served(crowd.routes(), host="0.0.0.0") as url:
        port = url.rpartition(":")[2]
        urls = [f"http://{host}:{port}" for host in FIFTY]
        services = {"ocr": urls[:1]}
        replicas = HttpReplicas(seconds=5, clock=lambda: made.clock())
        thresholds = HeldThresholds(changes, lambda: made.clock())
        look = WatchFleet(
            directory=ResolvedAddresses(services), replicas=replicas, queues=None, postgres=QuietServer(),
            watched=watched, changes=changes, log=log, clock=lambda: made.clock(), pace=Pace(),
        )  # fmt: skip
        silences = Silences(NoSilences(), changes, lambda: made.clock())
        made = Round(
            crowd, services, urls, changes, watched, look, JudgeFleet(thresholds, silences, changes, log)
        )
        thresholds.take(read_config(CONFIG.read_bytes(), known_services()))
        yield made
        await replicas.close()


async def test_fifty_replicas_that_appear_at_once_are_all_seen_in_one_round_and_none_is_alarmed(
    rounds: Round,
) -> None:
    await rounds.turn()
    rounds.changes.all.clear()
    rounds.services["ocr"] = rounds.urls

    alarmed, kept = await rounds.turn()

    present = rounds.watched.roster.present
    instances = {url.partition("://")[2] for url in rounds.urls}
    assert {replica.address.instance for replica in present} == instances
    appeared = instances - {rounds.urls[0].partition("://")[2]}
    assert rounds.changes.of("new") == rounds.changes.of("answering") == appeared
    assert all(replica.health is not None and replica.failing is None for replica in present)
    assert {replica.health.process for replica in present if replica.health} == {
        f"p-{host}" for host in FIFTY
    }
    assert kept >= 50
    assert (alarmed, rounds.judge.open) == ([], [])
    # The round is bounded: each is asked once, and only so many at a time.
    assert [replica.looks for replica in rounds.crowd.replicas.values()] == [2, *[1] * 49]
    assert 1 < rounds.crowd.most_at_once <= Pace().at_a_time


async def test_forty_nine_that_leave_at_once_are_gone_which_is_no_fault(rounds: Round) -> None:
    rounds.services["ocr"] = rounds.urls
    await rounds.turn()
    rounds.services["ocr"] = rounds.urls[:1]

    alarmed = [alert for _ in range(8) for alert in (await rounds.turn())[0]]

    assert alarmed == []
    assert len(rounds.watched.roster.present) == 1
    assert sum(replica.gone_since is not None for replica in rounds.watched.roster.replicas.values()) == 49


async def test_of_fifty_that_appear_the_one_that_fails_is_told_and_no_other(rounds: Round) -> None:
    rounds.services["ocr"] = rounds.urls
    rounds.crowd.replicas[FIFTY[7]].mood = "failing"

    fired = [alert for _ in range(4) for alert in (await rounds.turn())[0]]

    assert [(alert.threshold, alert.subject) for alert in fired] == [
        ("service_failing", rounds.urls[7].partition("://")[2])
    ]
