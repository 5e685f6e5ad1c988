"""The HTTP face of every service: token check, tenant, problem+json errors (RFC 9457), request metrics."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from http import HTTPStatus
from time import monotonic
from typing import Annotated, Literal

import structlog
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import NeverRetry, OurOutage, RetryLater
from chassis.metrics import Metrics
from chassis.settings import Settings
from chassis.telemetry import Telemetry
from contracts.envelope import InvalidEnvelope, check_tenant_id

Caller = Literal["service", "admin"]
_log = structlog.get_logger("chassis.http")
_bearer = HTTPBearer(auto_error=False)
_UNMEASURED = frozenset({"/health", "/livez", "/readyz", "/metrics"})


class Problem(Exception):
    """An answer that is an error for people: what happened and what to do."""

    def __init__(
        self, status: int, title: str, detail: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers or {}

    def answer(self) -> JSONResponse:
        """The problem as application/problem+json."""
        return JSONResponse(
            {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail},
            self.status,
            {"Content-Type": "application/problem+json", **self.headers},
        )


async def caller_of(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Who calls, by the bearer token. Raises `Problem` 401."""
    settings: Settings = request.app.state.settings
    if credentials is not None:
        given = credentials.credentials.encode()
        if hmac.compare_digest(given, settings.service_token.get_secret_value().encode()):
            return "service"
        if hmac.compare_digest(given, settings.admin_token.get_secret_value().encode()):
            return "admin"
    raise Problem(
        401, "Unauthorized", "send a service or admin token as 'Authorization: Bearer …'",
        headers={"WWW-Authenticate": "Bearer"},
    )  # fmt: skip


async def service_only(caller: Annotated[Caller, Depends(caller_of)]) -> None:
    """Let only services in. Raises `Problem` 403."""
    if caller != "service":
        raise Problem(
            403, "Forbidden", "only services may read this; an admin sets it and never reads it back"
        )


async def tenant_of(x_tenant_id: Annotated[str | None, Header()] = None) -> str:
    """The tenant that a request speaks for. Raises `Problem` 400."""
    if x_tenant_id is None:
        raise Problem(400, "No tenant", "say the tenant in the header X-Tenant-Id")
    try:
        return check_tenant_id(x_tenant_id)
    except InvalidEnvelope as error:
        raise Problem(400, "No tenant", str(error)) from error


def create_app(name: str, version: str, description: str, settings: Settings) -> FastAPI:
    """The FastAPI application of a service, without its own routers."""
    app = FastAPI(title=name, version=version, description=description, redoc_url=None)
    app.state.settings = settings
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(StarletteHTTPException, _on_http)
    app.add_exception_handler(OurOutage, _on_outage)
    app.add_exception_handler(RetryLater, _on_outage)
    app.add_exception_handler(NeverRetry, _on_refused)
    app.add_exception_handler(Exception, _on_bug)
    return app


class Plain:
    """A service's own routes before its FastAPI application: a webhook need not pass through all of its layers."""

    def __init__(self, routes: Sequence[Route], otherwise: ASGIApp) -> None:
        self._routes = routes
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._routes:
                match, found = route.matches(scope)
                if match is Match.NONE:
                    continue
                scope.update(found, route=route)
                if match is Match.FULL:
                    await _or_bug(route, scope, receive, send)
                else:
                    allowed = ", ".join(sorted(route.methods or ()))
                    problem = Problem(405, "Method Not Allowed", f"use {allowed}", headers={"Allow": allowed})
                    await problem.answer()(scope, receive, send)
                return
        await self._otherwise(scope, receive, send)


class Measured:
    """A span and a timing around each request: plain ASGI, since Starlette's own base costs more than a request."""

    def __init__(self, app: ASGIApp, metrics: Metrics, telemetry: Telemetry) -> None:
        self._app = app
        self._metrics = metrics
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _UNMEASURED:
            await self._app(scope, receive, send)
            return
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = monotonic()
        method: str = scope["method"]
        traceparent = next(
            (value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None
        )
        try:
            with self._telemetry.serving(method, traceparent) as span:
                await self._app(scope, receive, noted)
                span.update_name(f"{method} {_path(scope)}")
        finally:
            self._metrics.requested(method, _path(scope), status, monotonic() - began)


def _path(scope: Scope) -> str:
    """The template of the route that answered."""
    path: str = getattr(scope.get("route"), "path", "unmatched")
    return path


async def _or_bug(route: Route, scope: Scope, receive: Receive, send: Send) -> None:
    """The route's answer; when it fails before it began, a problem like every other."""
    begun = False

    async def noted(message: Message) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        await route.handle(scope, receive, noted)
    except Exception as error:
        if begun:
            raise
        await (await _on_bug(Request(scope), error))(scope, receive, send)


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.answer()


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(
        f"{'.'.join(str(place) for place in fault['loc'])}: {fault['msg']}" for fault in error.errors()
    )
    return Problem(422, "Invalid request", faults).answer()


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)
    title = HTTPStatus(error.status_code).phrase
    return Problem(error.status_code, title, str(error.detail), headers=dict(error.headers or {})).answer()


async def _on_outage(_: Request, error: Exception) -> Response:
    return Problem(503, "Unavailable for now", str(error), headers={"Retry-After": "2"}).answer()


async def _on_refused(_: Request, error: Exception) -> Response:
    return Problem(404 if "knows no" in str(error) else 409, "Refused", str(error)).answer()


async def _on_bug(request: Request, error: Exception) -> Response:
    _log.error("a request failed", path=request.url.path, exc_info=error)
    return Problem(500, "Internal error", "it is logged with this trace; nothing was kept").answer()
