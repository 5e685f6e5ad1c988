"""Who looks at the page: a sealed cookie, which no script reads and no other site sends."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from chassis.keyring import KeyRing, SealBroken
from observer.application.sign_in_operator import SignInOperator
from observer.domain.operator import READ, WRITE, Operator

COOKIE = "frontdesk_operator"
LONGEST_FORM = 2 << 20
"""Bytes: a dead letter's body may be edited in a form."""
_CONTEXT = "observer: an operator's session"
Answer = Callable[[Request], Awaitable[Response]]
Guarded = Callable[[Request, Operator], Awaitable[Response]]


class Sessions:
    """Seals who came in into a cookie, and opens it again; nothing is kept here, so that any replica can read it."""

    def __init__(self, ring: KeyRing, sign_in: SignInOperator) -> None:
        self._ring = ring
        self.sign_in = sign_in

    def begin(self, answer: Response, operator: Operator, *, secure: bool) -> None:
        """Give the browser the session; `secure` keeps it to HTTPS."""
        words = json.dumps(
            {
                "actor": operator.actor,
                "name": operator.name,
                "scopes": sorted(operator.scopes),
                "session": operator.session_id,
                "until": operator.until.isoformat(),
            }
        )
        answer.set_cookie(
            COOKIE, self._ring.seal(words.encode(), _CONTEXT), path="/", secure=secure, httponly=True,
            samesite="strict",
        )  # fmt: skip

    def end(self, answer: Response) -> None:
        """Take it back."""
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    async def operator(self, request: Request) -> Operator | None:
        """Who asks; None when nobody came in, or what let the operator in holds no more."""
        box = request.cookies.get(COOKIE)
        if box is None:
            return None
        try:
            told = json.loads(self._ring.open(box, _CONTEXT))
        except SealBroken:
            return None
        operator = Operator(
            told["actor"], told["name"], frozenset(told["scopes"]), told["session"],
            datetime.fromisoformat(told["until"]),
        )  # fmt: skip
        return operator if await self.sign_in.still_in(operator) else None

    def reads(self, page: Guarded) -> Answer:
        """A page for who may see the fleet; others are led to the log-in, and back."""

        @wraps(page)
        async def answered(request: Request) -> Response:
            operator = await self.operator(request)
            if operator is None or not operator.may(READ):
                return to_sign_in(request)
            return await page(request, operator)

        return answered

    def acts(self, action: Guarded) -> Answer:
        """A form's end: for who may act, and from our own page alone."""

        @wraps(action)
        async def answered(request: Request) -> Response:
            if not from_our_own_page(request):
                return PlainTextResponse("this form was sent by another site", 403)
            operator = await self.operator(request)
            if operator is None:
                return to_sign_in(request)
            if not operator.may(WRITE):
                return PlainTextResponse("this account may look and not act (fleet:write)", 403)
            return await action(request, operator)

        return answered


def from_our_own_page(request: Request) -> bool:
    """Whether a form came from this page: the cookie is SameSite=Strict, and browsers say where a form stands."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def to_sign_in(request: Request) -> Response:
    """To the log-in, and from there back; a script or a stream is told by the status alone."""
    if request.headers.get("x-live") or request.url.path in ("/page/live",) or "/series/" in request.url.path:
        return PlainTextResponse("sign in first", 401)
    place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = place if request.method == "GET" else "/"
    return RedirectResponse(f"/page/sign-in?back={quote(back, safe='')}", 303)


def safe_way_back(place: str) -> str:
    """A place on this page, else its beginning: nobody is led elsewhere after the log-in."""
    if not place.startswith("/") or place.startswith(("//", "/\\")) or any(ord(c) < 33 for c in place):
        return "/"
    return place


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form of ours (application/x-www-form-urlencoded); too long or no form at all: no fields."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return {}
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}
