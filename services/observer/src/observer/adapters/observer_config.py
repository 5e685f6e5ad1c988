"""`observer_config.json`: the thresholds, checked by a schema, read again when the file changes.

An invalid file is refused with the place of each fault, and the thresholds of before stay.
`python -m observer.adapters.observer_config` prints its JSON Schema (`deploy/observer_config.schema.json`).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from observer.application.hold_thresholds import HeldThresholds
from observer.domain.bottlenecks import Limits
from observer.domain.thresholds import Metric, Scope, Severity, Threshold, Thresholds

LOOK_SECONDS = 1.0
MOST_BYTES = 1024 * 1024
_SCHEMA = "./observer_config.schema.json"
_log = structlog.get_logger("observer.config")
Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ThresholdEntry(_Strict):
    """One threshold: what is measured, of what, how much is allowed."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,62}$", description="Its name, in snake_case; unique.")
    metric: Metric = Field(description="What is measured.")
    limit: float = Field(ge=0, description="More than this is beyond, in the metric's unit.")
    services: list[Pattern] = Field(default=["*"], min_length=1, description="Services, as patterns with *.")
    subjects: list[Pattern] = Field(
        default=["*"],
        min_length=1,
        description="Endpoints such as `GET /api/v1/leads`, queues, replicas or tables, as patterns with *.",
    )
    but: list[Pattern] = Field(default=[], description="Subjects that are left out, as patterns with *.")
    window_seconds: float = Field(default=300, gt=0, le=6 * 3600, description="Over how long is measured.")
    for_seconds: float = Field(
        default=0,
        ge=0,
        le=6 * 3600,
        description="How long it must be beyond to be an alert, and well to be over.",
    )
    recover_below: float | None = Field(
        default=None, ge=0, description="Well again is at most this (hysteresis); the limit by default."
    )
    severity: Severity = Field(default="warning", description="Critical ones are told by mail and push.")
    group: str = Field(default="", max_length=63, description="What is told together; its name by default.")
    quantile: float = Field(default=0.95, gt=0, lt=1, description="Of latencies and waits.")
    at_least: float = Field(default=0, ge=0, description="How many observations the window must hold.")


class Notices(_Strict):
    """How breaches are told."""

    gather_seconds: float = Field(
        default=10, ge=0, le=600, description="How long a group is gathered before it is told."
    )
    update_seconds: float = Field(
        default=300, ge=0, le=86400, description="How long after a notice its group's growth is told."
    )


_WELL = Limits()


class ReportLimits(_Strict):
    """What the reports on bottlenecks take as still well."""

    endpoint_seconds: float = Field(default=_WELL.endpoint_seconds, gt=0, description="An endpoint's p95.")
    handler_seconds: float = Field(
        default=_WELL.handler_seconds, gt=0, description="The p95 of handling a message."
    )
    wait_seconds: float = Field(
        default=_WELL.wait_seconds, gt=0, description="The p95 of a message's wait before it is handled."
    )
    database_seconds: float = Field(
        default=_WELL.database_seconds, gt=0, description="What the smallest question to the database takes."
    )
    pool_share: float = Field(
        default=_WELL.pool_share, gt=0, le=1, description="Connections in use, of those that are kept."
    )
    memory_per_hour: float = Field(
        default=_WELL.memory_per_hour, gt=0, description="Bytes an hour by which a process may grow."
    )
    retried_share: float = Field(
        default=_WELL.retried_share,
        gt=0,
        le=1,
        description="Messages that are tried again, of those handled.",
    )
    dead_share: float = Field(
        default=_WELL.dead_share,
        gt=0,
        le=1,
        description="Messages that end as dead letters, of those handled.",
    )


class ObserverConfig(_Strict):
    """Thresholds of the fleet (the Observer's), and of the benchmarks (CI's)."""

    schema_: str = Field(default=_SCHEMA, alias="$schema", description="Where this file's schema lies.")
    notices: Notices = Field(default=Notices(), description="How breaches are told.")
    reports: ReportLimits = Field(default=ReportLimits(), description="What a report calls a bottleneck.")
    thresholds: list[ThresholdEntry] = Field(max_length=500, description="The thresholds.")
    performance: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default={}, description="Limits of figures of `make bench`, by the figure's name."
    )


class ConfigRefused(Exception):
    """The file is not valid; the arguments are its faults, each with its place."""


def json_schema() -> str:
    """The schema of the file, as it is kept beside it."""
    schema = ObserverConfig.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def read_config(body: bytes, services: Collection[str]) -> Thresholds:
    """The thresholds of a file's bytes. Raises `ConfigRefused`."""
    if len(body) > MOST_BYTES:
        raise ConfigRefused(f"$: more than {MOST_BYTES} bytes")
    try:
        given = ObserverConfig.model_validate_json(body)
    except ValidationError as error:
        raise ConfigRefused(*map(_fault, error.errors())) from error
    if faults := [*_sense(given, services)]:
        raise ConfigRefused(*faults)
    return Thresholds(
        tuple(map(_threshold, given.thresholds)),
        given.notices.gather_seconds,
        given.notices.update_seconds,
        given.performance,
        Limits(**given.reports.model_dump()),
    )


class ConfigFile:
    """Watches the file, and hands over what it says."""

    def __init__(self, path: Path, held: HeldThresholds, services: Collection[str]) -> None:
        self._path = path
        self._held = held
        self._services = services
        self._seen: tuple[int, int, int] | None = None

    def look(self) -> bool:
        """Read the file if it changed; returns whether it did."""
        if not self._changed():
            return False
        try:
            try:
                body = self._path.read_bytes()
            except OSError as error:
                raise ConfigRefused(f"$: {self._path} cannot be read: {error.strerror}") from error
            thresholds = read_config(body, self._services)
        except ConfigRefused as error:
            self._held.refuse(tuple(map(str, error.args)))
            _log.error(
                "observer_config.json is refused; the thresholds of before stay", faults=list(error.args)
            )
            return True
        self._held.take(thresholds)
        _log.info("observer_config.json was read", thresholds=len(thresholds.all))
        return True

    async def run(self) -> None:
        """Look once a second, for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _changed(self) -> bool:
        before = self._seen
        try:
            found = self._path.stat()
            self._seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            self._seen = (0, 0, 0)
        return self._seen != before


def _sense(given: ObserverConfig, services: Collection[str]) -> list[str]:
    """What the schema cannot say."""
    faults: list[str] = []
    names = [entry.name for entry in given.thresholds]
    for place, entry in enumerate(given.thresholds):
        at = f"$.thresholds[{place}]"
        if entry.name in names[:place]:
            faults.append(f"{at}.name: {entry.name} stands there twice")
        if entry.recover_below is not None and entry.recover_below > entry.limit:
            faults.append(f"{at}.recover_below: {entry.recover_below:g} is above the limit {entry.limit:g}")
        for number, pattern in enumerate(entry.services):
            if not set("*?[") & set(pattern) and pattern not in services:
                faults.append(f"{at}.services[{number}]: there is no service {pattern}")
    return faults


def _threshold(entry: ThresholdEntry) -> Threshold:
    return Threshold(
        name=entry.name, metric=entry.metric, limit=entry.limit,
        scope=Scope(tuple(entry.services), tuple(entry.subjects), tuple(entry.but)),
        window=timedelta(seconds=entry.window_seconds), hold=timedelta(seconds=entry.for_seconds),
        recover_below=entry.recover_below, severity=entry.severity, group=entry.group,
        quantile=entry.quantile, at_least=entry.at_least,
    )  # fmt: skip


def _fault(fault: Mapping[str, object]) -> str:
    """A fault with its place as a JSON path: `$.thresholds[3].limit: Input should be …`."""
    place = fault.get("loc")
    steps = place if isinstance(place, tuple) else ()  # pyright: ignore[reportUnknownVariableType] — as pydantic has it
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return f"${path}: {fault.get('msg')}"


if __name__ == "__main__":
    sys.stdout.write(json_schema())
