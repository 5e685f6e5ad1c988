"""What counts as a bottleneck: pure rules over what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from observer.domain.change import change_point
from observer.domain.demand import Demand
from observer.domain.findings import Evidence, FindingKind, Gain, Measurement
from observer.domain.forecast import forecast
from observer.domain.histogram import Points
from observer.domain.queueing import erlang_c
from observer.domain.series import Point

_LATE = 0.25
"""A value has to be beyond its limit in this share of the steps, not once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still well: seconds, shares between 0 and 1, bytes per hour."""

    endpoint_seconds: float = 0.5
    handler_seconds: float = 5.0
    wait_seconds: float = 10.0
    database_seconds: float = 0.05
    pool_share: float = 0.9
    memory_per_hour: float = 5 * 1024 * 1024
    retried_share: float = 0.05
    dead_share: float = 0.001


@dataclass(frozen=True, slots=True)
class Track:
    """One measurement through time, in equal steps; `count` is how many requests or messages it covers."""

    kind: FindingKind
    service: str
    subject: str
    measurement: Measurement
    points: tuple[Point, ...]
    count: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    demand: Demand | None = None
    """For handlers and queues: what the model is fitted to."""
    servers: int = 1
    """How many handle at once, in all replicas together."""
    replicas: int = 1


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A track that is beyond its limit: its level now, since when, and what a change would bring."""

    track: Track
    value: float
    limit: float
    since: datetime | None
    gain: Gain
    more: int = 0
    """How many replicas, or connections, are recommended in addition."""


def find(tracks: Sequence[Track], limits: Limits) -> list[Bottleneck]:
    """The bottlenecks among what was measured, the worst first."""
    found = [bottleneck for track in tracks if (bottleneck := _judge(track, limits)) is not None]
    waits = {(one.track.service, one.track.subject) for one in found if one.track.kind == "queue_wait"}
    kept = [
        one
        for one in found
        # A queue that waits because its handler is slow is one thing: what the model says helps more is told.
        if one.track.kind != "slow_handler" or (one.track.service, one.track.subject) not in waits
    ]
    return sorted(kept, key=lambda one: one.value / one.limit, reverse=True)


def beyond(track: Track, limits: Limits) -> bool:
    """Whether a track is beyond its limit in more than a few of its steps."""
    values, limit = [point.value for point in track.points], _limit(track.kind, limits)
    return len(values) >= 4 and sum(value > limit for value in values) >= _LATE * len(values)


def _judge(track: Track, limits: Limits) -> Bottleneck | None:
    if not beyond(track, limits):
        return None
    limit, values = _limit(track.kind, limits), [point.value for point in track.points]
    late = [index for index, value in enumerate(values) if value > limit]
    change = change_point(values)
    level = median(values[change[0] :]) if change is not None else median(values)
    begins = change[0] if change is not None and level > limit else late[0]
    value = level if level > limit else median(values[index] for index in late)
    # What was beyond its limit from the first step on began before the report's time.
    since = track.points[begins].at if begins else None
    gain, more = _gain(track, value, limit)
    return Bottleneck(track, value, limit, since, gain, more)


def _limit(kind: FindingKind, limits: Limits) -> float:
    return {
        "slow_endpoint": limits.endpoint_seconds,
        "slow_handler": limits.handler_seconds,
        "queue_wait": limits.wait_seconds,
        "slow_database": limits.database_seconds,
        "pool_exhausted": limits.pool_share,
        "memory_growth": limits.memory_per_hour,
        "retries": limits.retried_share,
        "dead_letters": limits.dead_share,
    }[kind]


def _gain(track: Track, value: float, limit: float) -> tuple[Gain, int]:
    """What the recommendation of this kind brings."""
    unit = track.measurement.unit
    if track.demand is not None and track.kind == "queue_wait":
        return _more_replicas(track, track.demand, limit)
    if track.demand is not None and track.kind == "slow_handler":
        now = forecast(track.demand, servers=track.servers)
        then = forecast(_faster(track.demand, 0.5), servers=track.servers)
        return Gain(now.p95, then.p95, "s", "model"), 0
    if track.demand is not None and track.kind == "retries":
        now = forecast(track.demand, servers=track.servers)
        then = forecast(track.demand.scaled(1 - min(value, 0.9)), servers=track.servers)
        return Gain(now.p95, then.p95, "s", "model"), 0
    if track.kind == "pool_exhausted":
        return _larger_pool(track, value)
    if track.kind in ("memory_growth", "dead_letters"):
        return Gain(value, 0.0, unit, "arithmetic"), 0
    return Gain(value, limit, unit, "arithmetic"), 0


def _more_replicas(track: Track, demand: Demand, limit: float) -> tuple[Gain, int]:
    each = max(1, track.servers // track.replicas)
    now = forecast(demand, servers=track.servers)
    then, more = now, 0
    for more in range(1, 11):
        then = forecast(demand, servers=track.servers + more * each)
        if then.wait <= limit:
            break
    return Gain(now.p95, then.p95, "s", "model"), more


def _larger_pool(track: Track, value: float) -> tuple[Gain, int]:
    """A pool is a queue whose servers are connections: as many as leave one request in a hundred waiting (Erlang C)."""
    size = max(1, track.servers)
    offered = min(value * size, size - 1e-6)
    larger = size
    while erlang_c(larger, offered) > 0.01 and larger < 10 * size:
        larger += 1
    return Gain(erlang_c(size, offered), erlang_c(larger, offered), "share", "model"), larger - size


def _faster(demand: Demand, factor: float) -> Demand:
    service = Points(tuple(seconds * factor for seconds in demand.service.seconds), demand.service.weights)
    return Demand(
        demand.stretches, demand.arrival_scv, demand.batch, service, demand.waiting, demand.observations, demand.error,
        demand.unsure_batches,
    )  # fmt: skip
