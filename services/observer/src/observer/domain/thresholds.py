"""Thresholds: what is measured, of which part of the fleet, how much is allowed, for how long, who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal

from observer.domain.bottlenecks import Limits

Metric = Literal[
    "latency_quantile",
    "error_rate",
    "health_latency",
    "cpu",
    "memory",
    "memory_slope",
    "replica_silent",
    "health_failing",
    "restarts",
    "clock_skew",
    "queue_depth",
    "queue_wait",
    "consumers_missing",
    "outbox_age",
    "dead_letters",
    "database_latency",
    "database_connections",
    "slow_statement",
    "table_bloat",
    "blind",
]
Severity = Literal["warning", "critical"]
UNITS: Mapping[Metric, str] = {
    "latency_quantile": "ms",
    "error_rate": "percent",
    "health_latency": "ms",
    "cpu": "percent",
    "memory": "MiB",
    "memory_slope": "MiB/h",
    "replica_silent": "s",
    "health_failing": "s",
    "restarts": "restarts",
    "clock_skew": "s",
    "queue_depth": "messages",
    "queue_wait": "s",
    "consumers_missing": "consumers",
    "outbox_age": "s",
    "dead_letters": "messages",
    "database_latency": "ms",
    "database_connections": "percent",
    "slow_statement": "s",
    "table_bloat": "percent",
    "blind": "s",
}
"""What each metric is counted in; of all of them more is worse."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the fleet: patterns with `*`; nothing named is everything."""

    services: tuple[str, ...] = ("*",)
    subjects: tuple[str, ...] = ("*",)
    """Endpoints (`GET /api/v1/leads`), queues, replicas, tables: whatever the metric is measured of."""
    but: tuple[str, ...] = ()
    """Subjects that are left out."""

    def takes(self, service: str | None, subject: str | None) -> bool:
        """Whether something is meant. What belongs to no service is of the fleet, and meant by `*` alone."""
        return (
            any(fnmatchcase(service or "", pattern) for pattern in self.services)
            and any(fnmatchcase(subject or "", pattern) for pattern in self.subjects)
            and not any(fnmatchcase(subject or "", pattern) for pattern in self.but)
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold. Beyond is more than `limit`; well again is at most `recover_below`."""

    name: str
    metric: Metric
    limit: float
    scope: Scope = field(default_factory=Scope)
    window: timedelta = timedelta(minutes=5)
    """Over how long is measured, for metrics that need time."""
    hold: timedelta = timedelta(0)
    """For how long it must be beyond before anybody hears of it, and well before it counts as over."""
    recover_below: float | None = None
    severity: Severity = "warning"
    group: str = ""
    quantile: float = 0.95
    at_least: float = 0.0
    """How many observations the window must hold: of three requests one failure is no rate."""

    @property
    def unit(self) -> str:
        """What value and limit are counted in."""
        return UNITS[self.metric]

    @property
    def well(self) -> float:
        """At most this is well again."""
        return self.limit if self.recover_below is None else self.recover_below

    @property
    def told_with(self) -> str:
        """The group it is told with: its own unless another is named."""
        return self.group or self.name


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All that are in force, and how they are told."""

    all: tuple[Threshold, ...] = ()
    gather_seconds: float = 10.0
    """How long a group is gathered before it is told."""
    update_seconds: float = 300.0
    """How long after it was told a group's growth is told."""
    performance: Mapping[str, float] = field(default_factory=dict[str, float])
    """Limits for figures of `make bench`: for CI, not for the watch."""
    reports: Limits = field(default_factory=Limits)
    """What reports call a bottleneck."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was found of one subject, in the unit of the metric."""

    service: str | None
    subject: str | None
    value: float
    why: str = ""
    """More of it, for people: the error, the note."""
