"""The dead letters' desk as a page: see, mend, replay, drop, one or many."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from contracts.dead_letters.http_v1 import LetterFilter, NoCursor
from observer.application.desk_ports import (
    Audit,
    Job,
    JobEnded,
    Jobs,
    Refused,
    ServiceAway,
    UnknownJob,
    UnknownService,
)
from observer.application.read_dead_letters import ReadDeadLetters
from observer.application.settle_dead_letter import SettleDeadLetter
from observer.application.settle_many import DEFAULT_RATE, SettleMany
from observer.domain.operator import Operator
from observer.entrypoints.page.render import Renderer
from observer.entrypoints.page.session import Guarded, Sessions, form_of

PLACE = "/page/dead-letters"
PER_PAGE = 50
FIELDS = ("routing_key", "error_kind", "error", "tenant_id", "message_id", "state")
"""The fields of the list's filter, besides the service."""


def letter_routes(
    sessions: Sessions, renderer: Renderer, read: ReadDeadLetters, settle: SettleDeadLetter, many: SettleMany,
    jobs: Jobs, audit: Audit,
) -> list[Route]:  # fmt: skip
    """The routes. Their order matters: names of their own stand before services and ids."""

    def reads(page: Guarded) -> Callable[[Request], Awaitable[Response]]:
        return sessions.reads(_told(renderer, page))

    def acts(page: Guarded) -> Callable[[Request], Awaitable[Response]]:
        return sessions.acts(_told(renderer, page))

    job, cancel = _job_pages(renderer, many)
    shown, deed = _letter_pages(renderer, read, settle, audit)
    return [
        Route(PLACE, reads(_list_page(renderer, read, jobs)), methods=["GET"]),
        Route(f"{PLACE}/many", acts(_many_deed(many)), methods=["POST"]),
        Route(f"{PLACE}/jobs/{{job_id}}", reads(job), methods=["GET"]),
        Route(f"{PLACE}/jobs/{{job_id}}/cancel", acts(cancel), methods=["POST"]),
        Route(f"{PLACE}/{{service}}/{{letter_id}}", reads(shown), methods=["GET"]),
        Route(f"{PLACE}/{{service}}/{{letter_id}}/{{verb}}", acts(deed), methods=["POST"]),
    ]


def _list_page(renderer: Renderer, read: ReadDeadLetters, jobs: Jobs) -> Guarded:
    async def listed(request: Request, operator: Operator) -> Response:
        asked = dict(request.query_params)
        wanted, service = filter_of(asked), asked.get("service") or None
        page = await read.page(wanted, service=service, cursor=asked.get("cursor") or None, limit=PER_PAGE)
        counts = await read.counts(wanted, service=service)
        return renderer.page(
            request, "letters.html", operator, page=page, counts=counts.counts, jobs=await jobs.page(5),
            total=sum(one.letters for one in counts.counts), rate=DEFAULT_RATE, fields=FIELDS,
        )  # fmt: skip

    return listed


def _many_deed(many: SettleMany) -> Guarded:
    async def begun(request: Request, operator: Operator) -> Response:
        form = await form_of(request)
        wanted, service = filter_of(form), form.get("service") or None
        if form.get("verb") == "drop":
            reason = _wanted(form, "reason")
            job = await many.begin(
                "drop", actor=operator.actor, wanted=wanted, service=service, reason=reason
            )
        else:
            rate = float(form.get("rate") or DEFAULT_RATE)
            if not 0 < rate <= 1000:
                raise ValueError("rate: more than 0, at most 1000 a second")
            job = await many.begin("replay", actor=operator.actor, wanted=wanted, service=service, rate=rate)
        return RedirectResponse(f"{PLACE}/jobs/{job.id}", 303)

    return begun


def _job_pages(renderer: Renderer, many: SettleMany) -> tuple[Guarded, Guarded]:
    async def job(request: Request, operator: Operator) -> Response:
        found: Job = await many.shown(request.path_params["job_id"])
        return renderer.page(request, "job.html", operator, job=found)

    async def cancel(request: Request, operator: Operator) -> Response:
        job_id = request.path_params["job_id"]
        await many.cancel(job_id, actor=operator.actor)
        return RedirectResponse(f"{PLACE}/jobs/{job_id}", 303)

    return job, cancel


def _letter_pages(
    renderer: Renderer, read: ReadDeadLetters, settle: SettleDeadLetter, audit: Audit
) -> tuple[Guarded, Guarded]:
    async def shown(request: Request, operator: Operator) -> Response:
        return await with_what_was_typed(request, operator, 200, "", {})

    async def with_what_was_typed(
        request: Request, operator: Operator, status: int, refusal: str, typed: dict[str, str]
    ) -> Response:
        service, letter_id = request.path_params["service"], request.path_params["letter_id"]
        letter = await read.shown(service, letter_id, actor=operator.actor)
        body = letter.mended[-1].body if letter.mended else letter.body
        return renderer.page(
            request, "letter.html", operator, status, letter=letter, body=_indented(body), refusal=refusal, typed=typed,
            still=True,  # Each look at a body is written down: a page that renewed itself would look all the time.
            died_with=_indented(letter.body), deeds=(await audit.page(letter=letter_id, limit=50)).deeds,
        )  # fmt: skip

    async def deed(request: Request, operator: Operator) -> Response:
        service, letter_id = request.path_params["service"], request.path_params["letter_id"]
        form = await form_of(request)
        match request.path_params["verb"]:
            case "mend":
                try:
                    await settle.mend(
                        service, letter_id, json.loads(form.get("body", "")), actor=operator.actor,
                        reason=form.get("reason") or None, force="force" in form, after=int(form.get("after", "0")),
                    )  # fmt: skip
                except (Refused, ValueError) as error:
                    status = error.status if isinstance(error, Refused) else 422
                    return await with_what_was_typed(request, operator, status, str(error), form)
            case "replay":
                await settle.replay(service, letter_id, actor=operator.actor)
            case "drop":
                await settle.drop(service, letter_id, actor=operator.actor, reason=_wanted(form, "reason"))
            case _:
                return renderer.words(request, operator, "no_such_deed", 404)
        return RedirectResponse(f"{PLACE}/{service}/{letter_id}?done={request.path_params['verb']}", 303)

    return shown, deed


def filter_of(asked: dict[str, str]) -> LetterFilter:
    """The filter of a query or a form; an empty field fits all. Raises `ValidationError`."""
    return LetterFilter.model_validate({name: asked[name] for name in FIELDS if asked.get(name)})


def _wanted(form: dict[str, str], name: str) -> str:
    value = form.get(name, "").strip()[:500]
    if not value:
        raise ValueError(f"{name}: it is wanted")
    return value


def _indented(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2)


def _told(renderer: Renderer, page: Guarded) -> Guarded:
    """Refusals as a page with the reason, and nothing half done without a word."""

    async def answered(request: Request, operator: Operator) -> Response:
        try:
            return await page(request, operator)
        except Refused as error:
            return renderer.words(request, operator, "desk_refused", error.status, why=str(error))
        except ServiceAway as error:
            return renderer.words(request, operator, "desk_away", 503, why=str(error))
        except (UnknownService, UnknownJob) as error:
            return renderer.words(request, operator, "desk_refused", 404, why=str(error))
        except JobEnded as error:
            return renderer.words(request, operator, "desk_refused", 409, why=str(error))
        except ValidationError as error:
            return renderer.words(request, operator, "desk_refused", 422, why=error.errors()[0]["msg"])
        except (NoCursor, ValueError) as error:
            return renderer.words(request, operator, "desk_refused", 422, why=str(error))

    return answered
