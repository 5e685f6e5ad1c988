"""The charts: which series each shows, their numbers for the script, and the same as a table for everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from observer.application.ports import WatchOutage
from observer.application.read_series import ReadSeries
from observer.domain import measuring
from observer.domain.operator import Operator
from observer.domain.series import Line, Selector, Span
from observer.entrypoints.page.render import Language, Renderer, language_of, texts
from observer.entrypoints.page.session import Sessions

WINDOW, STEP = timedelta(hours=1), timedelta(minutes=1)
MOST_LINES = 6
"""The lines of one chart: as many as there are pens; those that are highest now."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart."""

    view: Literal["window", "rate", "quantile"]
    series: str
    by: str
    unit: str
    only_risen: bool = False
    """Whether lines that were nothing but zero are left out: of many queues few are worth a line."""


class Column(TypedDict):
    """A line's numbers."""

    label: str
    values: list[float | None]


class Told(TypedDict):
    """What the page's script draws: moments in seconds since 1970; `quiet`: everything was zero."""

    unit: str
    since: float
    until: float
    at: list[float]
    lines: list[Column]
    quiet: bool


CHARTS: Mapping[str, Chart] = {
    "latency": Chart("quantile", measuring.REQUESTS, "service", "s"),
    "queues": Chart("window", "frontdesk_queue_ready", "queue", "", only_risen=True),
    "health": Chart("window", measuring.PROBES, "service", "s"),
    "handled": Chart("rate", "frontdesk_messages_handled_total", "message", "/s"),
    "dead_letters": Chart("window", measuring.DEAD_LETTERS, "service", "", only_risen=True),
}
OF_THE_FLEET = ("health", "latency", "queues", "dead_letters")
OF_ONE = ("health", "latency", "queues", "handled")


@dataclass(frozen=True, slots=True)
class ChartShown:
    """A chart on a page, and where its numbers are."""

    name: str
    title: str
    source: str


def shown(names: Sequence[str], language: Language, **of: str) -> list[ChartShown]:
    """The charts of a page."""
    words = texts(language)
    query = urlencode({"last": "1h", **of})
    return [ChartShown(name, words[f"chart_{name}"], f"/page/series/{name}?{query}") for name in names]


def chart_routes(
    sessions: Sessions, renderer: Renderer, read: ReadSeries, clock: Callable[[], datetime]
) -> list[Route]:
    """The routes."""

    async def series(request: Request, operator: Operator) -> Response:
        name = request.path_params["name"]
        chart = CHARTS.get(name)
        if chart is None:
            return renderer.words(request, operator, "no_chart", 404)
        try:
            now = clock()
            lines = await _lines(read, chart, request.query_params.get("service"), now)
        except WatchOutage:
            return renderer.words(request, operator, "no_numbers", 503)
        told = as_columns(lines, chart, now)
        if request.query_params.get("form") != "table":
            return JSONResponse(told, headers={"Cache-Control": "no-store"})
        title = texts(language_of(request))[f"chart_{name}"]
        return renderer.page(
            request,
            "series_table.html",
            operator,
            title=title,
            told=told,
            moments=[datetime.fromtimestamp(at, UTC) for at in told["at"]],
        )

    return [Route("/page/series/{name}", sessions.reads(series), methods=["GET"])]


async def _lines(read: ReadSeries, chart: Chart, service: str | None, now: datetime) -> list[Line]:
    span = Span(now - WINDOW, now, STEP)
    selector = Selector(chart.series, {"service": service} if service else {})
    match chart.view:
        case "window":
            return await read.window(selector, span, [chart.by])
        case "rate":
            return await read.rate(selector, span, [chart.by])
        case "quantile":
            return await read.quantile(selector, 0.95, span, [chart.by])


def as_columns(lines: Sequence[Line], chart: Chart, now: datetime) -> Told:
    """The lines over the moments that any of them has: seconds since 1970, and None where a line has nothing."""
    known = [one for one in lines if one.points]
    risen = [one for one in known if not chart.only_risen or any(point.value for point in one.points)]
    highest = sorted(risen, key=lambda one: (-(one.last or 0.0), one.series.label(chart.by)))[:MOST_LINES]
    moments = sorted({point.at for line in highest for point in line.points})
    columns: list[Column] = []
    for line in highest:
        values = {point.at: point.value for point in line.points}
        columns.append(
            {"label": line.series.label(chart.by) or "–", "values": [values.get(at) for at in moments]}
        )
    return {
        "unit": chart.unit, "since": (now - WINDOW).timestamp(), "until": now.timestamp(),
        "at": [at.timestamp() for at in moments], "lines": columns, "quiet": bool(known) and not highest,
    }  # fmt: skip
