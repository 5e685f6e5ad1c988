"""The API over HTTP: parse, serve, answer; every request has an id, its limits and a line in the log."""

from __future__ import annotations

import re
from time import perf_counter

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from chassis.http import Problem
from contracts.envelope import new_id
from gateway.application.api_ports import Counted, Forwarded
from gateway.application.hold_routes import NoSuchMethod
from gateway.application.serve_request import Call, Exchange, ServeRequest
from gateway.domain.headers import Header, first_of
from gateway.domain.rate_limits import limit_field, policy_field
from gateway.entrypoints.http.answers import response_of
from gateway.entrypoints.http.bodies import Limits, chunks, declared_length, problem_of
from gateway.entrypoints.http.refusals import refusal
from gateway.entrypoints.http.web_pages import WebPages

LARGEST_HEADERS = 32 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_VARY = b"Authorization, X-API-Key, X-Tenant-Id, Accept, Accept-Language, Accept-Encoding, Origin"
_SAFE: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"referrer-policy", b"no-referrer"),
)
_log = structlog.get_logger("gateway.access")


def api_route(serve: ServeRequest, limits: Limits, pages: WebPages, counted: Counted) -> Route:
    """`/api/vN/…`, whatever the method: the table knows."""
    return Route("/api/{rest:path}", _Api(serve, limits, pages, counted))


class _Api:
    """A plain ASGI endpoint: what a framework puts around a request costs more than the request."""

    def __init__(self, serve: ServeRequest, limits: Limits, pages: WebPages, counted: Counted) -> None:
        self._serve = serve
        self._limits = limits
        self._pages = pages
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        exchange = Exchange(_request_id(request))
        leaving = _Leaving(send, exchange, self._pages.headers_for(request.headers.get("origin")))
        began = perf_counter()
        try:
            response = await self._respond(request, exchange)
            await response(scope, receive, leaving)
        finally:
            operation = exchange.operation
            if operation is not None:
                scope["route"] = _Template(operation.template)
            _log.info(
                "request", method=request.method, route=operation.template if operation else "unmatched",
                status=leaving.status, seconds=round(perf_counter() - began, 4), bytes=leaving.bytes,
                tenant=exchange.tenant_id, actor=exchange.identity.actor if exchange.identity else None,
                request_id=exchange.request_id,
            )  # fmt: skip

    async def _respond(self, request: Request, exchange: Exchange) -> Response:
        try:
            return await self._answer(request, exchange)
        except Exception as error:  # told as a problem, or raised again
            refused = refusal(error)
            problem = refused[1] if refused is not None else problem_of(error)
            if problem is None:
                raise
            if refused is not None:
                self._counted.refused(refused[0])
                exchange.standings = getattr(error, "standings", exchange.standings)
            return problem.answer()

    async def _answer(self, request: Request, exchange: Exchange) -> Response:
        _check_headers(request)
        call = self._call(request)
        if request.method == "OPTIONS":
            return await self._options(request, call)
        await self._serve.admit(call, exchange)
        operation = exchange.operation
        answer = await self._serve.answer(call, exchange)
        return await response_of(
            answer, request.headers.raw, compress=operation is not None and not operation.public
        )

    async def _options(self, request: Request, call: Call) -> Response:
        try:
            await self._serve.find(call)
        except NoSuchMethod as known:
            if self._pages.asks_first(request):
                return self._pages.preflight(request, known.allowed)
            return Response(status_code=204, headers={"Allow": ", ".join(known.allowed)})
        raise AssertionError("no service declares OPTIONS")

    def _call(self, request: Request) -> Call:
        declared = declared_length(request, self._limits.body)
        has_body = bool(declared) or "transfer-encoding" in request.headers
        target: bytes = request.scope["raw_path"]
        if query := request.scope["query_string"]:
            target += b"?" + query
        body = chunks(request, self._limits, declared) if has_body else None
        path: str = request.scope["path"]
        client = request.client.host if request.client is not None else "unknown"
        return Call(path, Forwarded(request.method, target, request.headers.raw, body), client)


class _Template:
    """What the metrics and the trace call the request: not its path, which may hold whatever."""

    def __init__(self, path: str) -> None:
        self.path = path


class _Leaving:
    """The way out: what every answer of the API carries, and how much went out."""

    def __init__(self, send: Send, exchange: Exchange, pages: list[Header]) -> None:
        self._send = send
        self._exchange = exchange
        self._pages = pages
        self.status = 500
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._complete(list(message["headers"]))}
        else:
            self.bytes += len(message.get("body", b""))
        await self._send(message)

    def _complete(self, given: list[Header]) -> list[Header]:
        ours = {name for name, _ in _SAFE} | {b"vary"}
        headers = [header for header in given if header[0].lower() not in ours]
        headers += [*_SAFE, *self._pages, (b"vary", _vary(given))]
        headers.append((b"x-request-id", self._exchange.request_id.encode("ascii")))
        if first_of(headers, b"cache-control") is None:
            headers.append((b"cache-control", b"no-store"))
        if standings := self._exchange.standings:
            headers.append((b"ratelimit-policy", policy_field(standings).encode("ascii")))
            headers.append((b"ratelimit", limit_field(standings).encode("ascii")))
        return headers


def _vary(given: list[Header]) -> bytes:
    """What the answer depends on: ours, and what its service says beyond."""
    known = {name.strip().lower() for name in _VARY.split(b",")}
    more = [
        name.strip()
        for header, value in given
        if header.lower() == b"vary"
        for name in value.split(b",")
        if name.strip() and name.strip().lower() not in known
    ]
    return b", ".join([_VARY, *more])


def _check_headers(request: Request) -> None:
    """Refuse what is too much, or means two things. Raises `Problem` 400, 415 and 431."""
    raw = request.headers.raw
    if sum(len(name) + len(value) for name, value in raw) > LARGEST_HEADERS:
        raise Problem(431, "Headers too large", f"headers may have {LARGEST_HEADERS} bytes in all",
                      headers={"Connection": "close"})  # fmt: skip
    names = [name for name, _ in raw]
    if names.count(b"content-length") > 1 or {b"content-length", b"transfer-encoding"} <= set(names):
        raise Problem(
            400, "Invalid length", "the length of the body is said twice", headers={"Connection": "close"}
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Problem(
            415,
            "Encoding not taken",
            "send the body as it is, not compressed",
            headers={"Accept-Encoding": "identity"},
        )


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_id()
