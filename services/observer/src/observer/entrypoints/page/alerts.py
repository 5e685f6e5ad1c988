"""What is beyond its threshold, what was, who is not told of it for a while, and the thresholds themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from observer.application.hold_thresholds import HeldThresholds
from observer.application.judge_fleet import JudgeFleet
from observer.application.ports import AlertRecords, WatchOutage
from observer.application.silence_alerts import NoSuchSilence, Silences
from observer.domain.judging import Alert
from observer.domain.operator import Operator
from observer.domain.silences import Matchers
from observer.entrypoints.page.render import Renderer, language_of
from observer.entrypoints.page.rows import alert_rows, past_rows
from observer.entrypoints.page.session import Sessions, form_of

PLACE = "/page/alerts"


def alert_routes(
    sessions: Sessions, renderer: Renderer, judged: JudgeFleet, records: AlertRecords, silences: Silences,
    thresholds: HeldThresholds, clock: Callable[[], datetime],
) -> list[Route]:  # fmt: skip
    """The routes."""

    async def alerts(request: Request, operator: Operator) -> Response:
        language, now = language_of(request), clock()
        past = await _past(records, now)
        return renderer.page(
            request, "alerts.html", operator, alerts=alert_rows(judged.open, language),
            past=past_rows(past or (), language), past_unknown=past is None, thresholds=thresholds.current.all,
            refused=thresholds.refusal.faults if thresholds.refusal else (),
            silences=[one for one in silences.known if one.holds(now)],
        )  # fmt: skip

    async def silence(request: Request, operator: Operator) -> Response:
        form = await form_of(request)
        try:
            minutes = int(form.get("minutes", ""))
            matchers = Matchers(
                *(form.get(name, "").strip() or "*" for name in ("threshold", "service", "subject"))
            )
            reason = form.get("reason", "").strip()[:500]
            if not reason or not 0 < minutes <= 43_200:
                raise ValueError("minutes and a reason are wanted")
            await silences.make(
                matchers, ends_at=clock() + timedelta(minutes=minutes), reason=reason, by=operator.actor
            )
        except ValueError:
            return renderer.words(request, operator, "silence_invalid", 422)
        except WatchOutage:
            return renderer.words(request, operator, "not_kept", 503)
        return RedirectResponse(f"{PLACE}?done=silence", 303)

    async def end(request: Request, operator: Operator) -> Response:
        try:
            await silences.end(request.path_params["silence_id"], by=operator.actor)
        except NoSuchSilence:
            return renderer.words(request, operator, "no_such_silence", 404)
        except WatchOutage:
            return renderer.words(request, operator, "not_kept", 503)
        return RedirectResponse(f"{PLACE}?done=end", 303)

    return [
        Route(PLACE, sessions.reads(alerts), methods=["GET"]),
        Route("/page/silences", sessions.acts(silence), methods=["POST"]),
        Route("/page/silences/{silence_id}/end", sessions.acts(end), methods=["POST"]),
    ]


async def _past(records: AlertRecords, now: datetime) -> list[Alert] | None:
    """The last week's; None when they cannot be read."""
    try:
        found = await records.history(
            since=now - timedelta(days=7), until=now + timedelta(seconds=1), service=None, limit=100
        )
    except WatchOutage:
        return None
    return [alert for alert in found if not alert.is_open]
