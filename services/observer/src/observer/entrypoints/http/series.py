"""Measured series over time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from chassis.http import Problem
from observer.application.read_series import ReadSeries
from observer.domain.series import Line, Selector, Span
from observer.entrypoints.http.outages import told

MOST_STEPS = 2000


class LinePoint(BaseModel):
    """A value of the step that begins at `at`."""

    at: datetime
    value: float


class SeriesLine(BaseModel):
    """A series through time."""

    labels: dict[str, str]
    points: list[LinePoint]


class SeriesQuestion(BaseModel):
    """Which series, over which time, and how they are read."""

    name: str = Field(
        pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]{0,127}$", description="Such as frontdesk_http_request_seconds."
    )
    view: Literal["window", "rate", "quantile"] = Field(
        default="window",
        description="A gauge's means; a counter's rate per second; a histogram's quantile.",
    )
    label: list[str] = Field(
        default=[],
        max_length=20,
        description="Wanted labels, such as service=ocr; of one name several are alternatives.",
    )
    by: list[str] | None = Field(
        default=None, max_length=10, description="Labels that stay; what agrees in them is added up."
    )
    since: AwareDatetime | None = Field(default=None, description="An hour before `until` by default.")
    until: AwareDatetime | None = Field(default=None, description="Now by default.")
    step: float = Field(default=60, ge=1, le=31 * 86400, description="Seconds of one step.")
    quantile: float = Field(default=0.95, gt=0, lt=1, description="Which quantile.")

    def selector(self) -> Selector:
        """The series that are meant. Raises `Problem` 422."""
        labels: dict[str, list[str]] = {}
        for one in self.label:
            name, equals, value = one.partition("=")
            if not equals:
                raise Problem(422, "Invalid request", f"label: {one[:80]!r} is not name=value")
            labels.setdefault(name, []).append(value)
        return Selector(self.name, {name: tuple(values) for name, values in labels.items()})

    def span(self, now: datetime) -> Span:
        """The time that is meant. Raises `Problem` 422."""
        until = self.until or now
        since = self.since or until - timedelta(hours=1)
        step = timedelta(seconds=self.step)
        if since >= until:
            raise Problem(422, "Invalid request", "since: it must lie before until")
        if (until - since) / step > MOST_STEPS:
            raise Problem(422, "Invalid request", f"step: more than {MOST_STEPS} steps; take a longer one")
        return Span(since.astimezone(UTC), until.astimezone(UTC), step)


def router(read: ReadSeries, clock: Callable[[], datetime]) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/fleet", tags=["fleet"])

    @router.get("/series", summary="What was measured, over time")
    async def series(question: Annotated[SeriesQuestion, Query()]) -> list[SeriesLine]:
        with told():
            return [_line(one) for one in await answer(read, question, clock())]

    return router


async def answer(read: ReadSeries, question: SeriesQuestion, now: datetime) -> list[Line]:
    """The lines that were asked for. Raises `WatchOutage`."""
    selector, span = question.selector(), question.span(now)
    match question.view:
        case "window":
            return await read.window(selector, span, question.by)
        case "rate":
            return await read.rate(selector, span, question.by)
        case "quantile":
            return await read.quantile(selector, question.quantile, span, question.by or ())


def _line(line: Line) -> SeriesLine:
    points = [LinePoint(at=point.at, value=point.value) for point in line.points]
    return SeriesLine(labels=dict(line.series.labels), points=points)
