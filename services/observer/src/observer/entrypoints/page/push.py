"""Web Push to this browser, switched on and off: the state as a part of the alerts page, and the service worker."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from observer.application.push_to_browser import Browser, BrowserRefused, NotStaff, PushToBrowser, StaffAway
from observer.domain.operator import Operator
from observer.entrypoints.page.render import Renderer, assets, language_of, texts
from observer.entrypoints.page.session import Sessions, form_of

PLACE = "/page/push"
WORKER = "/page/push-worker.js"
"""A worker rules what lies below its own address: the page's parts, and no API."""
COOKIE = "frontdesk_push"
"""The id under which notification knows this browser; it is worth nothing without its owner's session."""
_COOKIE_SECONDS = 400 * 86_400


def push_routes(sessions: Sessions, renderer: Renderer, push: PushToBrowser) -> list[Route]:
    """The routes."""

    async def shown(
        request: Request, operator: Operator, known_as: str | None, status: int = 200, trouble: str = ""
    ) -> Response:
        state = None
        try:
            state = await push.state(operator, known_as)
        except (NotStaff, StaffAway) as error:
            trouble = _words(error, request, operator)
        return renderer.page(request, "push.html", operator, status, push=state, trouble=trouble)

    async def state(request: Request, operator: Operator) -> Response:
        return await shown(request, operator, request.cookies.get(COOKIE))

    async def switch_on(request: Request, operator: Operator) -> Response:
        form = await form_of(request)
        browser = Browser(*(form.get(name, "") for name in ("endpoint", "p256dh", "auth", "device")))
        try:
            known_as = await push.switch_on(operator, browser)
        except (NotStaff, StaffAway, BrowserRefused) as error:
            return await shown(request, operator, None, _status(error), _words(error, request, operator))
        answer = await shown(request, operator, known_as)
        answer.set_cookie(
            COOKIE, known_as, max_age=_COOKIE_SECONDS, path=PLACE, secure=request.url.scheme == "https",
            httponly=True, samesite="strict",
        )  # fmt: skip
        return answer

    async def switch_off(request: Request, operator: Operator) -> Response:
        known_as = request.cookies.get(COOKIE)
        try:
            await push.switch_off(operator, known_as)
        except (NotStaff, StaffAway) as error:
            return await shown(request, operator, known_as, _status(error), _words(error, request, operator))
        answer = await shown(request, operator, None)
        answer.delete_cookie(COOKIE, path=PLACE, httponly=True, samesite="strict")
        return answer

    return [
        Route(PLACE, sessions.reads(state), methods=["GET"]),
        Route(f"{PLACE}/on", sessions.acts(switch_on), methods=["POST"]),
        Route(f"{PLACE}/off", sessions.acts(switch_off), methods=["POST"]),
        Route(WORKER, _worker, methods=["GET"]),
    ]


async def _worker(_: Request) -> Response:
    """The service worker, for everyone: a browser asks for its newest version also when nobody is signed in."""
    content, kind = assets()["push-worker.js"]
    return Response(
        content, media_type=kind,
        headers={
            "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'",
        },
    )  # fmt: skip


def _status(error: Exception) -> int:
    return 503 if isinstance(error, StaffAway) else 409 if isinstance(error, NotStaff) else 422


def _words(error: Exception, request: Request, operator: Operator) -> str:
    words = texts(language_of(request))
    match error:
        case NotStaff() if operator.session_id is None:
            return words["push_by_token"]
        case NotStaff():
            return words["push_not_staff"].format(email=operator.name)
        case BrowserRefused():
            return words["push_refused"].format(reason=error)
        case _:
            return words["push_away"].format(reason=error)
