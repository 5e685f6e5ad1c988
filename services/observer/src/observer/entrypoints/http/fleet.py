"""The fleet now: services, replicas, queues, the database, the map."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from observer.application.map_fleet import MapFleet, Wellness, worst
from observer.application.watch_fleet import Watched
from observer.domain.fleet import Replica


class _Seen(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ReplicaState(BaseModel):
    """One replica."""

    instance: str = Field(description="Host and port.")
    state: Literal["new", "answering", "silent", "garbled", "gone"] = Field(
        description="silent: it does not answer; garbled: what it answers cannot be understood; gone: it was stopped."
    )
    health: Literal["pass", "warn", "fail"] | None = Field(description="What it said last.")
    version: str | None
    process: str | None
    uptime_seconds: float | None
    health_ms: float = Field(description="How long /health took.")
    notes: list[str]
    failure: str = Field(description="Why it is silent or garbled.")
    failing_since: datetime | None
    clock_skew_seconds: float | None = Field(description="By how much its clock is ahead.")
    cpu_percent: float | None
    memory_bytes: float | None = Field(description="Of its process, which it may share with others.")
    database_ms: float | None
    consumers: int | None
    consumers_expected: int | None
    outbox_pending: int | None
    outbox_oldest_seconds: float | None
    dead_letters: int | None
    restarts: list[datetime]


class ServiceState(BaseModel):
    """A service with its replicas."""

    service: str
    health: Wellness
    replicas: list[ReplicaState]


class QueueState(_Seen):
    """A queue."""

    name: str
    service: str
    message: str
    ready: int
    unacknowledged: int
    consumers: int
    publish_rate: float
    deliver_rate: float


class TableState(_Seen):
    """A table."""

    table: str
    schema_: str = Field(validation_alias="schema", serialization_alias="schema")
    live_rows: int
    dead_rows: int
    size_bytes: int
    bloat_percent: float


class StatementState(_Seen):
    """A statement that runs for long, without its parameters."""

    role: str
    statement: str
    seconds: float
    waits_for: str


class DatabaseState(_Seen):
    """Postgres."""

    connections: list[tuple[str, int]]
    most_connections: int
    connections_percent: float
    size_bytes: int
    commits: int
    rollbacks: int
    deadlocks: int
    slow: list[StatementState]
    tables: list[TableState]


class FleetHealth(BaseModel):
    """The fleet now."""

    at: datetime | None = Field(description="When everything was looked at last.")
    round_seconds: float = Field(description="How long that took.")
    services: list[ServiceState]
    queues: list[QueueState] | None = Field(description="None: RabbitMQ's management is not seen.")
    database: DatabaseState | None = Field(description="None: it is not seen.")
    blind: dict[str, datetime] = Field(description="What is not seen at the moment, and since when.")


class MapNode(_Seen):
    """A service on the map."""

    service: str
    replicas: int
    answering: int
    health: Wellness
    cpu_percent: float | None
    memory_bytes: float | None
    p95_ms: float | None
    alerts: int


class MapEdge(_Seen):
    """A message from a service to another."""

    sender: str
    hearer: str
    message: str
    per_second: float
    waiting: int | None


class MapOfFleet(_Seen):
    """Who says what to whom."""

    at: datetime
    nodes: list[MapNode]
    edges: list[MapEdge]


def router(watched: Watched, map_fleet: MapFleet, clock: Callable[[], datetime]) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/fleet", tags=["fleet"])

    @router.get("/health", summary="The fleet now: services, replicas, checks, queues, database")
    async def health() -> FleetHealth:
        return fleet_health(watched)

    @router.get("/map", summary="Who says what to whom, how much, and how much of it waits")
    async def fleet_map() -> MapOfFleet:
        return MapOfFleet.model_validate(map_fleet(clock()))

    return router


def fleet_health(watched: Watched) -> FleetHealth:
    """What is known now, in the form of the API."""
    by_service: dict[str, list[Replica]] = {}
    for _, replica in sorted(watched.roster.replicas.items()):
        by_service.setdefault(replica.address.service, []).append(replica)
    services = [
        ServiceState(
            service=name,
            health=worst(one for one in replicas if one.gone_since is None),
            replicas=[_replica(one) for one in replicas],
        )
        for name, replicas in by_service.items()
    ]
    queues = watched.queues
    return FleetHealth(
        at=watched.looked_at, round_seconds=watched.took_seconds, services=services, blind=watched.blind,
        queues=None if queues is None else [QueueState.model_validate(queue) for queue in queues],
        database=None if watched.database is None else DatabaseState.model_validate(watched.database),
    )  # fmt: skip


def _replica(replica: Replica) -> ReplicaState:
    health = replica.health
    state = replica.failing or ("answering" if health is not None else "new")
    return ReplicaState(
        instance=replica.address.instance, state="gone" if replica.gone_since is not None else state,
        health=health.status if health else None, version=health.version if health else None,
        process=health.process if health else None, uptime_seconds=health.uptime_seconds if health else None,
        health_ms=round(replica.seconds * 1000, 1), notes=list(health.notes) if health else [],
        failure=replica.failure, failing_since=replica.failing_since, clock_skew_seconds=replica.skew_seconds,
        cpu_percent=health.cpu_percent if health else None, memory_bytes=health.memory_bytes if health else None,
        database_ms=health.database_ms if health else None, consumers=health.consumers if health else None,
        consumers_expected=health.consumers_expected if health else None,
        outbox_pending=health.outbox_pending if health else None,
        outbox_oldest_seconds=health.outbox_oldest_seconds if health else None,
        dead_letters=health.dead_letters if health else None, restarts=replica.restarts,
    )  # fmt: skip
