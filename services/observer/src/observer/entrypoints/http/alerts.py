"""Breaches, silences, thresholds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.http import Caller, Problem, caller_of
from observer.application.hold_thresholds import HeldThresholds
from observer.application.judge_fleet import JudgeFleet
from observer.application.ports import AlertRecords
from observer.application.silence_alerts import NoSuchSilence, Silences
from observer.domain.judging import Alert
from observer.domain.silences import Matchers
from observer.domain.thresholds import Threshold
from observer.domain.words import of_alert
from observer.entrypoints.http.outages import told

Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class _Seen(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AlertState(_Seen):
    """A breach, from its beginning to its recovery."""

    alert_id: str
    threshold: str
    service: str | None
    subject: str | None
    metric: str
    unit: str
    severity: str
    group: str
    state: str = Field(description="pending, firing, recovering or recovered.")
    value: float
    worst: float
    limit: float
    since: datetime
    why: str
    fired_at: datetime | None
    recovered_at: datetime | None
    silenced_by: str | None
    notice_id: str | None = Field(description="The notice that told of it.")
    summary: dict[str, str] = Field(default_factory=dict[str, str], description="One sentence, de and en.")


class SilenceMatchers(_Seen):
    """What a silence covers: patterns with *, all of which must fit."""

    threshold: Pattern = "*"
    service: Pattern = "*"
    subject: Pattern = "*"
    group: Pattern = "*"


class NewSilence(BaseModel):
    """Tell nobody of what fits, until a time."""

    model_config = ConfigDict(extra="forbid")

    matchers: SilenceMatchers = Field(description="What it covers.")
    ends_at: AwareDatetime = Field(description="Until when; at most 30 days.")
    reason: str = Field(min_length=3, max_length=500, description="Why.")


class SilenceState(_Seen):
    """A silence."""

    silence_id: str
    matchers: SilenceMatchers
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: str
    made_at: datetime
    ended_by: str | None


class ThresholdState(BaseModel):
    """A threshold in force."""

    name: str
    metric: str
    unit: str
    limit: float
    recover_below: float
    services: list[str]
    subjects: list[str]
    window_seconds: float
    for_seconds: float
    severity: str
    group: str


class RefusalState(_Seen):
    """A file that was refused."""

    at: datetime
    faults: list[str]


class ThresholdsInForce(BaseModel):
    """What is judged by, and why a newer file is not."""

    since: datetime | None
    thresholds: list[ThresholdState]
    refusal: RefusalState | None
    performance: dict[str, float]


def router(
    judged: JudgeFleet, records: AlertRecords, silences: Silences, thresholds: HeldThresholds,
    clock: Callable[[], datetime],
) -> APIRouter:  # fmt: skip
    """The routes."""
    router = APIRouter(prefix="/api/v1/fleet", tags=["fleet"])

    @router.get("/alerts", summary="What is beyond its threshold now")
    async def alerts() -> list[AlertState]:
        return open_alerts(judged)

    @router.get("/alerts/history", summary="Breaches of a time, newest first")
    async def history(
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        service: Annotated[str | None, Query(max_length=63)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> list[AlertState]:
        end = until or clock() + timedelta(seconds=1)
        with told():
            found = await records.history(
                since=since or end - timedelta(days=7), until=end, service=service, limit=limit
            )
        return [_state(alert) for alert in found]

    @router.get("/silences", summary="Silences, newest first")
    async def all_silences() -> list[SilenceState]:
        return [SilenceState.model_validate(one) for one in silences.known]

    @router.post("/silences", status_code=201, summary="Tell nobody of what fits, for a while")
    async def silence(new: NewSilence, caller: Annotated[Caller, Depends(caller_of)]) -> SilenceState:
        matchers = Matchers(**new.matchers.model_dump())
        try:
            with told():
                made = await silences.make(matchers, ends_at=new.ends_at, reason=new.reason, by=caller.actor)
        except ValueError as error:
            raise Problem(422, "Invalid request", f"ends_at: {error}") from error
        return SilenceState.model_validate(made)

    @router.delete("/silences/{silence_id}", summary="End a silence now")
    async def end(silence_id: str, caller: Annotated[Caller, Depends(caller_of)]) -> SilenceState:
        try:
            with told():
                return SilenceState.model_validate(await silences.end(silence_id, by=caller.actor))
        except NoSuchSilence as error:
            raise Problem(404, "Not found", str(error)) from error

    @router.get("/thresholds", summary="The thresholds in force, and why a newer file is not")
    async def in_force() -> ThresholdsInForce:
        return ThresholdsInForce(
            since=thresholds.since,
            thresholds=[_threshold(one) for one in thresholds.current.all],
            refusal=RefusalState.model_validate(thresholds.refusal) if thresholds.refusal else None,
            performance=dict(thresholds.current.performance),
        )

    return router


def open_alerts(judged: JudgeFleet) -> list[AlertState]:
    """What is open now, the worst first, in the form of the API."""
    ranked = sorted(judged.open, key=lambda alert: (alert.severity != "critical", alert.since))
    return [_state(alert) for alert in ranked]


def _state(alert: Alert) -> AlertState:
    words = of_alert(alert)
    state = AlertState.model_validate(alert)
    return state.model_copy(update={"summary": {"de": words.de, "en": words.en}})


def _threshold(one: Threshold) -> ThresholdState:
    return ThresholdState(
        name=one.name, metric=one.metric, unit=one.unit, limit=one.limit, recover_below=one.well,
        services=list(one.scope.services), subjects=list(one.scope.subjects),
        window_seconds=one.window.total_seconds(), for_seconds=one.hold.total_seconds(),
        severity=one.severity, group=one.told_with,
    )  # fmt: skip
