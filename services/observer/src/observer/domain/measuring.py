"""What is found of each part of the fleet, for one threshold: the observations that are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from observer.domain.fleet import DatabaseSeen, HealthSeen, QueueSeen, Replica
from observer.domain.recent import Recent
from observer.domain.series import Selector, merged, slope_per_hour
from observer.domain.thresholds import Metric, Observation, Threshold

REQUESTS = "frontdesk_http_request_seconds"
CPU = "process_cpu_seconds_total"
MEMORY = "process_resident_memory_bytes"
WAITS = "frontdesk_message_wait_seconds"
OUTBOX_AGE = "frontdesk_outbox_oldest_seconds"
DEAD_LETTERS = "frontdesk_dead_letters"
DATABASE = "frontdesk_database_seconds"
PROBES = "frontdesk_probe_seconds"
MIB = 1024.0 * 1024.0


@dataclass(slots=True)
class Sight:
    """All that the Observer sees at a moment; what it cannot see is None."""

    at: datetime
    replicas: Sequence[Replica]
    recent: Recent
    trend: Recent
    """Memory over hours, a value a minute."""
    queues: Sequence[QueueSeen] | None = None
    database: DatabaseSeen | None = None
    blind: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """What cannot be seen, and since when."""
    processes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Which services each process runs."""


def observe(threshold: Threshold, sight: Sight) -> list[Observation] | None:
    """What is found for a threshold, of all subjects it takes; None when it cannot be seen at the moment."""
    found = _WAYS[threshold.metric](threshold, sight)
    if found is None:
        return None
    return [one for one in found if threshold.scope.takes(one.service, one.subject)]


def _latency(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    since = sight.at - threshold.window
    every = [sight.recent.distribution(series, since) for series in sight.recent.series(Selector(REQUESTS))]
    for one in merged([one for one in every if one.count], ("service", "method", "route")):
        value = one.quantile(threshold.quantile)
        if value is not None and one.count >= threshold.at_least:
            endpoint = f"{one.series.label('method')} {one.series.label('route')}"
            yield Observation(one.series.label("service"), endpoint, value * 1000)


def _errors(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    """Per endpoint when the threshold names endpoints, else per service."""
    since = sight.at - threshold.window
    per_endpoint = threshold.scope.subjects != ("*",)
    counted: dict[tuple[str, str | None], list[float]] = {}
    for series in sight.recent.series(Selector(REQUESTS)):
        count = sight.recent.distribution(series, since).count
        endpoint = f"{series.label('method')} {series.label('route')}" if per_endpoint else None
        both = counted.setdefault((series.label("service"), endpoint), [0.0, 0.0])
        both[0] += count
        both[1] += count if series.label("status").startswith("5") else 0.0
    for (service, endpoint), (all_, failed) in counted.items():
        if all_ >= max(threshold.at_least, 1):
            yield Observation(service, endpoint, 100.0 * failed / all_)


def _cpu(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    since = sight.at - threshold.window
    for process, services in sight.processes.items():
        for series in sight.recent.series(Selector(CPU, {"process": process})):
            points = sight.recent.points(series, since)
            seconds = (points[-1].at - points[0].at).total_seconds() if len(points) > 1 else 0.0
            if seconds > 0:
                # The rise within what was seen: a process that began a minute ago is judged by that minute.
                rise = sum(max(later.value - sooner.value, 0.0) for sooner, later in pairwise(points))
                yield Observation(*_owner(process, services), 100.0 * rise / seconds)


def _memory(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    del threshold
    for process, services in sight.processes.items():
        for series in sight.recent.series(Selector(MEMORY, {"process": process})):
            sample = sight.recent.last(series)
            if sample is not None:
                yield Observation(*_owner(process, services), sample.value / MIB)


def _slope(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    """Only of what was seen for at least half of the window: a start is no leak."""
    since = sight.at - threshold.window
    for process, services in sight.processes.items():
        for series in sight.trend.series(Selector(MEMORY, {"process": process})):
            points = sight.trend.points(series, since)
            if len(points) > 2 and (points[-1].at - points[0].at) * 2 >= threshold.window:
                slope = slope_per_hour(points)
                if slope is not None:
                    yield Observation(*_owner(process, services), slope / MIB)


def _owner(process: str, services: tuple[str, ...]) -> tuple[str | None, str]:
    return (services[0] if len(services) == 1 else None), f"process {process}"


def _of_replicas(value: Callable[[Replica, Sight], tuple[float, str] | None]) -> _Way:
    def way(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
        del threshold
        for replica in sight.replicas:
            found = value(replica, sight)
            if found is not None:
                yield Observation(replica.address.service, replica.address.instance, *found)

    return way


def _silence(replica: Replica, sight: Sight) -> tuple[float, str]:
    since = replica.failing_since
    return ((sight.at - since).total_seconds(), replica.failure) if since is not None else (0.0, "")


def _illness(replica: Replica, sight: Sight) -> tuple[float, str]:
    """For how long it has said of itself that it fails."""
    if replica.ill_since is None or replica.health is None:
        return 0.0, ""
    return (sight.at - replica.ill_since).total_seconds(), "; ".join(replica.health.notes)


def _restarts(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    since = sight.at - threshold.window
    for replica in sight.replicas:
        count = sum(1 for moment in replica.restarts if moment >= since)
        yield Observation(replica.address.service, replica.address.instance, float(count))


def _of_health(field_: Callable[[HealthSeen], float | None], gauge: str, factor: float = 1.0) -> _Way:
    """What `/health` says, which is the newest; else the gauge of `/metrics`."""

    def way(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
        del threshold
        for replica in sight.replicas:
            if replica.health is None or replica.failing is not None:
                continue
            value = field_(replica.health)
            if value is None:
                labels = {"service": replica.address.service, "instance": replica.address.instance}
                found = [sight.recent.last(one) for one in sight.recent.series(Selector(gauge, labels))]
                values = [sample.value * factor for sample in found if sample is not None]
                value = sum(values) if values else None
            if value is not None:
                yield Observation(replica.address.service, replica.address.instance, value)

    return way


def _queues(threshold: Threshold, sight: Sight) -> Iterator[Observation] | None:
    if sight.queues is None:
        return None
    # A queue of a service that is not watched is somebody else's.
    ours = {replica.address.service for replica in sight.replicas}
    queues = [queue for queue in sight.queues if queue.service in ours]
    if threshold.metric == "consumers_missing":
        return iter(
            Observation(queue.service, queue.name, float(queue.consumers == 0))
            for queue in queues
            if queue.is_work
        )
    return iter(Observation(queue.service, queue.name, float(queue.waiting)) for queue in queues)


def _waits(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    since = sight.at - threshold.window
    every = [sight.recent.distribution(series, since) for series in sight.recent.series(Selector(WAITS))]
    for one in merged([one for one in every if one.count], ("service", "message")):
        value = one.quantile(threshold.quantile)
        if value is not None and one.count >= threshold.at_least:
            service = one.series.label("service")
            yield Observation(service, f"{service}.{one.series.label('message')}", value)


def _health_latency(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    since = sight.at - threshold.window
    for series in sight.recent.series(Selector(PROBES)):
        values = sorted(point.value for point in sight.recent.points(series, since))
        if len(values) >= max(threshold.at_least, 1):
            place = min(int(threshold.quantile * len(values)), len(values) - 1)
            yield Observation(series.label("service"), series.label("instance"), values[place] * 1000)


def _of_database(value: Callable[[DatabaseSeen], Iterator[Observation]]) -> _Way:
    def way(threshold: Threshold, sight: Sight) -> Iterator[Observation] | None:
        del threshold
        return value(sight.database) if sight.database is not None else None

    return way


def _connections(database: DatabaseSeen) -> Iterator[Observation]:
    yield Observation(None, "postgres", database.connections_percent)


def _slow(database: DatabaseSeen) -> Iterator[Observation]:
    slowest: dict[str, Observation] = {}
    for one in database.slow:
        if one.role not in slowest or slowest[one.role].value < one.seconds:
            service = one.role.removeprefix("frontdesk_").replace("_", "-")
            slowest[one.role] = Observation(service, one.role, one.seconds, one.statement)
    return iter(slowest.values())


def _bloat(database: DatabaseSeen) -> Iterator[Observation]:
    for table in database.tables:
        name = f"{table.schema}.{table.table}"
        # A table of a few rows is mostly dead after each update, which harms nobody.
        if table.dead_rows >= 10_000:
            yield Observation(table.schema.replace("_", "-"), name, table.bloat_percent)


def _blind(threshold: Threshold, sight: Sight) -> Iterator[Observation]:
    del threshold
    return iter(
        Observation(None, what, (sight.at - since).total_seconds()) for what, since in sight.blind.items()
    )


_Way = Callable[[Threshold, Sight], Iterator[Observation] | None]
_WAYS: Mapping[Metric, _Way] = {
    "latency_quantile": _latency,
    "error_rate": _errors,
    "health_latency": _health_latency,
    "cpu": _cpu,
    "memory": _memory,
    "memory_slope": _slope,
    "replica_silent": _of_replicas(_silence),
    "health_failing": _of_replicas(_illness),
    "restarts": _restarts,
    "clock_skew": _of_replicas(
        lambda replica, _: (abs(replica.skew_seconds), "") if replica.skew_seconds is not None else None
    ),
    "queue_depth": _queues,
    "consumers_missing": _queues,
    "queue_wait": _waits,
    "outbox_age": _of_health(lambda health: health.outbox_oldest_seconds, OUTBOX_AGE),
    "dead_letters": _of_health(lambda health: health.dead_letters, DEAD_LETTERS),
    "database_latency": _of_health(lambda health: health.database_ms, DATABASE, 1000.0),
    "database_connections": _of_database(_connections),
    "slow_statement": _of_database(_slow),
    "table_bloat": _of_database(_bloat),
    "blind": _blind,
}
