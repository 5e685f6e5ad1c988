"""Stories with their waterfall, advice, reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from observer.application.advice_ports import AdviceRecords, ReportRecords
from observer.application.ports import WatchOutage
from observer.application.read_stories import ReadStories, UnknownStory
from observer.application.report_bottlenecks import ReportBottlenecks
from observer.domain.findings import AlreadyDone, Report
from observer.domain.operator import Operator
from observer.domain.spans import SECOND, StoryQuestion
from observer.entrypoints.page.render import Language, Renderer, language_of
from observer.entrypoints.page.session import Guarded, Sessions

Documents = Mapping[Literal["md", "pdf"], Callable[[Report, Language], str | bytes]]
_MEDIA = {"md": "text/markdown", "pdf": "application/pdf"}


def story_routes(sessions: Sessions, renderer: Renderer, stories: ReadStories) -> list[Route]:
    """The list of stories and one as a waterfall."""

    async def listed(request: Request, operator: Operator) -> Response:
        asked = request.query_params
        question = StoryQuestion(
            asked.get("which") == "failed" or None, asked.get("which") == "slow" or None,
            asked.get("tenant") or None, asked.get("about") or None,
        )  # fmt: skip
        lines = await stories.listed(question)
        began = {one.story_id: datetime.fromtimestamp(one.began / SECOND, UTC) for one in lines}
        return renderer.page(request, "stories.html", operator, stories=lines, began=began)

    async def story(request: Request, operator: Operator) -> Response:
        try:
            drawn = await stories.drawn(request.path_params["story_id"])
        except UnknownStory:
            return renderer.words(request, operator, "no_such_story", 404)
        return renderer.page(
            request, "story.html", operator, line=drawn.line, fall=drawn.waterfall,
            sentence=drawn.waterfall.sentence()[language_of(request)],
        )  # fmt: skip

    return [
        Route("/page/stories", sessions.reads(_told(renderer, listed)), methods=["GET"]),
        Route("/page/stories/{story_id:path}", sessions.reads(_told(renderer, story)), methods=["GET"]),
    ]


def advice_routes(sessions: Sessions, renderer: Renderer, records: AdviceRecords) -> list[Route]:
    """What is recommended, why, and what came of it."""

    async def advice(request: Request, operator: Operator) -> Response:
        advice = await records.listed(None, 200)
        newest = {one.service: one for one in reversed(advice)}
        steady = [newest[name] for name in sorted(newest) if not newest[name].is_a_change]
        changes = [one for one in advice if one.is_a_change]
        return renderer.page(request, "advice.html", operator, changes=changes, steady=steady)

    return [Route("/page/advice", sessions.reads(_told(renderer, advice)), methods=["GET"])]


def report_routes(
    sessions: Sessions, renderer: Renderer, reports: ReportBottlenecks, records: ReportRecords, documents: Documents
) -> list[Route]:  # fmt: skip
    """The list of reports, one of them, its documents, and what people do about it."""

    async def listed(request: Request, operator: Operator) -> Response:
        return renderer.page(request, "reports.html", operator, reports=await records.listed(50))

    async def make(_: Request, __: Operator) -> Response:
        return RedirectResponse(f"/page/reports/{(await reports.make('on_demand')).report_id}", 303)

    async def one(request: Request, operator: Operator) -> Response:
        report_id, _, form = request.path_params["report_id"].partition(".")
        report = await records.report(report_id)
        if report is None:
            return renderer.words(request, operator, "no_such_report", 404)
        if form == "md" or form == "pdf":
            name = f'attachment; filename="frontdesk-{report.until:%Y-%m-%d}.{form}"'
            content = documents[form](report, language_of(request))
            return Response(content, media_type=_MEDIA[form], headers={"Content-Disposition": name})
        return renderer.page(request, "report.html", operator, report=report)

    async def done(request: Request, operator: Operator) -> Response:
        report_id, finding_id = request.path_params["report_id"], request.path_params["finding_id"]
        try:
            finding = await reports.done(report_id, finding_id, operator.actor)
        except AlreadyDone:
            return renderer.words(request, operator, "already_done", 409)
        if finding is None:
            return renderer.words(request, operator, "no_such_report", 404)
        return RedirectResponse(f"/page/reports/{report_id}?done=finding", 303)

    return [
        Route("/page/reports", sessions.reads(_told(renderer, listed)), methods=["GET"]),
        Route("/page/reports/new", sessions.acts(_told(renderer, make)), methods=["POST"]),
        Route("/page/reports/{report_id}", sessions.reads(_told(renderer, one)), methods=["GET"]),
        Route("/page/reports/{report_id}/{finding_id}/done", sessions.acts(_told(renderer, done)), methods=["POST"]),
    ]  # fmt: skip


def _told(renderer: Renderer, page: Guarded) -> Guarded:
    """An outage as a page that says so."""

    async def answered(request: Request, operator: Operator) -> Response:
        try:
            return await page(request, operator)
        except WatchOutage:
            return renderer.words(request, operator, "no_numbers", 503)

    return answered
