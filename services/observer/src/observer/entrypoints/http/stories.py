"""The stories that are kept: `/api/v1/fleet/stories`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from chassis.http import Problem
from observer.application.ports import WatchOutage
from observer.application.read_stories import Drawn, ReadStories, UnknownStory
from observer.domain.spans import SECOND, StoryLine, StoryQuestion, Value


class StoryInList(BaseModel):
    """A story, for a list."""

    story_id: str
    tenant_id: str | None
    began: datetime
    seconds: float
    spans: int
    failed: bool
    slow: bool
    subjects: list[str]


class Step(BaseModel):
    """One step on the way to the answer, and how long it took."""

    step: str
    service: str
    seconds: float
    span_id: str
    vendor: str
    operation: str
    words: dict[str, str]


class Line(BaseModel):
    """A line of the waterfall; seconds since the story began."""

    span_id: str
    parent_id: str | None
    trace_id: str
    depth: int
    service: str
    process: str
    name: str
    kind: str
    offset: float
    seconds: float
    waited: float
    moved: float
    clipped: bool
    critical: bool
    failed: bool
    error: str
    attributes: dict[str, Value]


class StoryDrawn(StoryInList):
    """A story as a waterfall, and why it took as long as it did."""

    answered: bool
    sentence: dict[str, str]
    steps: list[Step]
    waterfall: list[Line]


def router(read: ReadStories) -> APIRouter:
    """The routes, for those who run the fleet."""
    router = APIRouter(prefix="/api/v1/fleet/stories", tags=["stories"])

    @router.get("", summary="Stories that are kept, newest first")
    async def listed(
        failed: bool | None = None,
        slow: bool | None = None,
        tenant: str | None = None,
        about: Annotated[str | None, Query(description="What it is about, such as lead/ID.")] = None,
        before: Annotated[datetime | None, Query(description="Only those that began earlier.")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> list[StoryInList]:
        moment = int(before.timestamp() * SECOND) if before is not None else None
        question = StoryQuestion(failed, slow, tenant, about, moment, limit)
        try:
            return [_in_list(line) for line in await read.listed(question)]
        except WatchOutage as error:
            raise _unavailable(error) from error

    @router.get("/{story_id:path}", summary="A story as a waterfall, by its correlation id or lead/ID")
    async def story(story_id: str) -> StoryDrawn:
        try:
            return _drawn(await read.drawn(story_id))
        except UnknownStory as error:
            raise Problem(404, "Not found", str(error)) from error
        except WatchOutage as error:
            raise _unavailable(error) from error

    return router


def _unavailable(error: WatchOutage) -> Problem:
    return Problem(503, "Unavailable for now", str(error), headers={"Retry-After": "2"})


def _in_list(line: StoryLine) -> StoryInList:
    return StoryInList(
        story_id=line.story_id,
        tenant_id=line.tenant_id,
        began=datetime.fromtimestamp(line.began / SECOND, UTC),
        seconds=round(line.seconds, 6),
        spans=line.spans,
        failed=line.failed,
        slow=line.slow,
        subjects=list(line.subjects),
    )


def _drawn(drawn: Drawn) -> StoryDrawn:
    fall = drawn.waterfall
    return StoryDrawn(
        **_in_list(drawn.line).model_dump(),
        answered=fall.answered,
        sentence=fall.sentence(),
        steps=[
            Step(
                step=share.step, service=share.service, seconds=round(share.seconds, 6), span_id=share.span_id,
                vendor=share.vendor, operation=share.operation, words=share.words(),
            )
            for share in fall.shares
        ],
        waterfall=[
            Line(
                span_id=bar.span.span_id, parent_id=bar.span.parent_id, trace_id=bar.span.trace_id, depth=bar.depth,
                service=bar.span.service, process=bar.span.process, name=bar.span.name, kind=bar.span.kind,
                offset=round(bar.offset, 6), seconds=round(bar.seconds, 6), waited=bar.waited, moved=bar.moved,
                clipped=bar.clipped, critical=bar.critical, failed=bar.span.failed, error=bar.span.error,
                attributes=dict(bar.span.attributes),
            )
            for bar in fall.bars
        ],
    )  # fmt: skip
