"""The fleet as a map: who says what to whom, how much of it, how much waits, and how everyone is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from observer.application.judge_fleet import JudgeFleet
from observer.application.watch_fleet import Watched
from observer.domain import measuring
from observer.domain.fleet import Replica
from observer.domain.measuring import Sight
from observer.domain.series import Selector, Series, merged

PUBLISHED = "frontdesk_messages_published_total"
HANDLED = "frontdesk_messages_handled_total"
WINDOW = timedelta(minutes=5)
Wellness = Literal["pass", "warn", "fail", "silent"]


@dataclass(frozen=True, slots=True)
class Node:
    """A service on the map."""

    service: str
    replicas: int
    answering: int
    health: Wellness
    """The worst of its replicas."""
    cpu_percent: float | None
    memory_bytes: float | None
    """Of its processes; of one that it shares with others the whole."""
    p95_ms: float | None
    alerts: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A message that one service says and another hears."""

    sender: str
    hearer: str
    message: str
    per_second: float
    waiting: int | None
    """Of the hearer's queue; None while RabbitMQ's management is not seen."""


@dataclass(frozen=True, slots=True)
class FleetMap:
    """All of it."""

    at: datetime
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class MapFleet:
    """Made of what is in memory: it costs no question to anybody."""

    def __init__(self, watched: Watched, judged: JudgeFleet) -> None:
        self._watched = watched
        self._judged = judged

    def __call__(self, at: datetime) -> FleetMap:
        """The map of the last five minutes."""
        sight = self._watched.sight(at)
        by_service: dict[str, list[Replica]] = {}
        for replica in sight.replicas:
            by_service.setdefault(replica.address.service, []).append(replica)
        latencies = self._latencies(sight)
        nodes = tuple(self._node(name, replicas, sight, latencies) for name, replicas in by_service.items())
        return FleetMap(at, nodes, tuple(self._edges(sight)))

    def _node(self, service: str, replicas: list[Replica], sight: Sight, latencies: dict[str, float]) -> Node:
        processes = [name for name, services in sight.processes.items() if service in services]
        cpu = [rate for name in processes if (rate := self._cpu(name, sight.at)) is not None]
        memory = [
            sample.value
            for series in self._of(measuring.MEMORY, "process", processes)
            if (sample := self._watched.recent.last(series)) is not None
        ]
        answering = [one for one in replicas if one.failing is None and one.health is not None]
        return Node(
            service, len(replicas), len(answering), worst(replicas),
            sum(cpu) if cpu else None, sum(memory) if memory else None, latencies.get(service),
            sum(alert.service == service for alert in self._judged.open),
        )  # fmt: skip

    def _cpu(self, process: str, at: datetime) -> float | None:
        for series in self._of(measuring.CPU, "process", [process]):
            points = self._watched.recent.points(series, at - WINDOW)
            if len(points) > 1 and points[-1].at > points[0].at:
                seconds = (points[-1].at - points[0].at).total_seconds()
                return 100.0 * max(points[-1].value - points[0].value, 0.0) / seconds
        return None

    def _latencies(self, sight: Sight) -> dict[str, float]:
        recent, since = self._watched.recent, sight.at - WINDOW
        every = [recent.distribution(one, since) for one in recent.series(Selector(measuring.REQUESTS))]
        return {
            one.series.label("service"): value * 1000
            for one in merged([one for one in every if one.count], ("service",))
            if (value := one.quantile(0.95)) is not None
        }

    def _edges(self, sight: Sight) -> Iterable[Edge]:
        senders = self._rates(PUBLISHED, sight.at)
        waiting = {
            (queue.service, queue.message): queue.waiting for queue in sight.queues or () if queue.is_work
        }
        hearers = {*waiting, *self._rates(HANDLED, sight.at)} if sight.queues is None else {*waiting}
        for (sender, message), rate in sorted(senders.items()):
            for hearer, heard in sorted(hearers):
                if heard == message:
                    yield Edge(sender, hearer, message, rate, waiting.get((hearer, message)))

    def _rates(self, name: str, at: datetime) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for series in self._watched.recent.series(Selector(name)):
            key = series.label("service"), series.label("message")
            rise = self._watched.recent.increase(series, at - WINDOW)
            found[key] = found.get(key, 0.0) + rise / WINDOW.total_seconds()
        return found

    def _of(self, name: str, label: str, values: list[str]) -> list[Series]:
        return list(self._watched.recent.series(Selector(name, {label: values})))


def worst(replicas: Iterable[Replica]) -> Wellness:
    """How a service is: as its worst replica; silent when none answers."""
    found = list(replicas)
    well = [one.health.status for one in found if one.health is not None and one.failing is None]
    if not well:
        return "silent"
    if len(well) < len(found) or "fail" in well:
        return "fail" if "fail" in well else "warn"
    return "warn" if "warn" in well else "pass"
