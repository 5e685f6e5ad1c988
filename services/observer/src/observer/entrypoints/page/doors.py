"""Coming in and going out, the reader's language, the page's files, and the stream that says when to look again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from time import time_ns

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from observer.application.changes import Changes
from observer.application.sign_in_operator import NotOfTheFleet, PeopleUnreachable, SignInRefused
from observer.domain.operator import Operator
from observer.entrypoints.page.render import (
    LANGUAGE_COOKIE,
    Renderer,
    assets,
    language_of,
    texts,
)
from observer.entrypoints.page.session import Sessions, form_of, from_our_own_page, safe_way_back

Stream = Callable[[], AsyncIterator[tuple[str, object]]]
"""Names of events and what they say: `round` after each look at the fleet, `alert` when one opens or ends."""


BEAT_SECONDS = 15.0
"""How long the stream says nothing at most; the page's script takes three of them for the connection's end."""


def door_routes(sessions: Sessions, renderer: Renderer, stream: Stream) -> list[Route]:
    """Everything of the page that shows nothing of the fleet."""

    async def sign_in(request: Request) -> Response:
        back = safe_way_back(request.query_params.get("back", "/"))
        return renderer.page(request, "sign_in.html", None, back=back, refusal=None)

    async def come_in(request: Request) -> Response:
        if not from_our_own_page(request):
            return renderer.page(request, "sign_in.html", None, 403, back="/", refusal=None)
        form = await form_of(request)
        back = safe_way_back(form.get("back", "/"))
        operator, refusal = await _come_in(sessions, form, request)
        if operator is None:
            return renderer.page(request, "sign_in.html", None, 401, back=back, refusal=refusal)
        answer = RedirectResponse(back, 303)
        sessions.begin(answer, operator, secure=request.url.scheme == "https")
        return answer

    async def sign_in_or_come_in(request: Request) -> Response:
        return await (come_in if request.method == "POST" else sign_in)(request)

    async def go_out(request: Request) -> Response:
        answer = RedirectResponse("/page/sign-in", 303)
        if from_our_own_page(request):
            sessions.end(answer)
        return answer

    async def choose_language(request: Request) -> Response:
        back = (await form_of(request)).get("back", "/")
        answer = RedirectResponse(safe_way_back(back), 303)
        chosen = "de" if request.path_params["language"] == "de" else "en"
        answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=31_536_000, path="/", samesite="lax")
        return answer

    async def live(request: Request, _: Operator) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(request, stream), media_type="text/event-stream", headers=headers)

    return [
        Route("/page/sign-in", sign_in_or_come_in, methods=["GET", "POST"]),
        Route("/page/sign-out", go_out, methods=["POST"]),
        Route("/page/language/{language}", choose_language, methods=["POST"]),
        Route("/page/live", sessions.reads(live), methods=["GET"]),
        Route("/page/assets/{name}", _asset, methods=["GET"]),
    ]


async def told_changes(changes: Changes) -> AsyncIterator[tuple[str, object]]:
    """The changes that a page shows; one that was too slow looks again with the next round."""
    async with aclosing(changes.follow()) as followed:
        async for change in followed:
            if change.kind == "alert":
                key = "alert_recovered" if change.state == "recovered" else "alert_firing"
                what = " · ".join(part for part in (change.service, change.subject) if part)
                yield "alert", {code: texts(code)[key].format(what=what) for code in ("de", "en")}
            else:
                yield "round", {}


async def _come_in(sessions: Sessions, form: dict[str, str], request: Request) -> tuple[Operator | None, str]:
    words = texts(language_of(request))
    address = request.client.host if request.client is not None else None
    try:
        if token := form.get("token"):
            return sessions.sign_in.by_token(token), ""
        return await sessions.sign_in.by_password(
            form.get("email", ""), form.get("password", ""), address
        ), ""
    except SignInRefused as refused:
        if refused.retry_after is not None:
            return None, words["refused_wait"].format(seconds=refused.retry_after)
        return None, words["refused_sign_in"]
    except NotOfTheFleet:
        return None, words["refused_not_of_the_fleet"]
    except PeopleUnreachable:
        return None, words["refused_unreachable"]


async def _events(request: Request, stream: Stream) -> AsyncIterator[str]:
    """Server-sent events (HTML standard, 9.2). A beat when nothing else is said: silence then means a lost connection.

    An event's id is the moment at which it was said, in milliseconds since 1970.
    """
    yield "retry: 2000\n\n"
    told = aiter(stream())
    coming = asyncio.ensure_future(_next(told))
    try:
        while not await request.is_disconnected():
            await asyncio.wait({coming}, timeout=BEAT_SECONDS)
            if not coming.done():
                yield "event: beat\ndata: {}\n\n"
                continue
            if (event := coming.result()) is None:
                return  # The Observer stops: the page's script finds the next one.
            name, words = event
            coming = asyncio.ensure_future(_next(told))
            said = time_ns() // 1_000_000
            yield f"id: {said}\nevent: {name}\ndata: {json.dumps(words, ensure_ascii=False)}\n\n"
    finally:
        coming.cancel()


async def _next(told: AsyncIterator[tuple[str, object]]) -> tuple[str, object] | None:
    try:
        return await anext(told)
    except StopAsyncIteration:
        return None


async def _asset(request: Request) -> Response:
    found = assets().get(request.path_params["name"])
    if found is None:
        return Response("there is no such file", 404, media_type="text/plain")
    content, kind = found
    return Response(
        content, media_type=kind,
        headers={"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"},
    )  # fmt: skip
