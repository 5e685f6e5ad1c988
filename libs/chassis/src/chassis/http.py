"""The HTTP face of every service: its application, errors as problems, request metrics."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from time import monotonic

import structlog
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import Status, StatusCode
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.callers import Caller, caller_of, public, scope, service_only, tenant_of
from chassis.database import cannot_be_kept
from chassis.errors import NeverRetry, OurOutage, RetryLater
from chassis.metrics import Metrics
from chassis.openapi import describe
from chassis.problems import Problem
from chassis.settings import Settings
from chassis.telemetry import Telemetry, kept_trace, mark_failed

__all__ = [
    "Caller",
    "Measured",
    "Plain",
    "Problem",
    "caller_of",
    "create_app",
    "public",
    "scope",
    "service_only",
    "tenant_of",
]

_log = structlog.get_logger("chassis.http")
_UNRECORDED = frozenset({"/v1/traces"})
_UNMEASURED = frozenset({"/health", "/livez", "/readyz", "/metrics"})


def create_app(name: str, version: str, description: str, settings: Settings) -> FastAPI:
    """The FastAPI application of a service, without its own routers."""
    app = FastAPI(title=name, version=version, description=description, redoc_url=None)
    app.state.settings = settings
    app.openapi = partial(describe, app)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(StarletteHTTPException, _on_http)
    app.add_exception_handler(OurOutage, _on_outage)
    app.add_exception_handler(RetryLater, _on_outage)
    app.add_exception_handler(NeverRetry, _on_refused)
    app.add_exception_handler(DBAPIError, _on_refused_by_the_database)
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
                    await route.handle(scope, receive, send)
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
        status: int | None = None
        trace: str | None = None

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
            begin = (
                self._telemetry.unrecorded
                if scope["path"] in _UNRECORDED
                else partial(self._telemetry.serving, method)
            )
            with begin(traceparent) as span:
                trace = kept_trace(span)
                try:
                    await self._app(scope, receive, noted)
                except Exception as error:
                    if status is not None:
                        raise
                    mark_failed(span, error)
                    # A route of the service's own making failed before it answered: a problem like every other.
                    await (await _on_bug(Request(scope), error))(scope, receive, noted)
                if span.is_recording():
                    span.update_name(f"{method} {_path(scope)}")
                    span.set_attribute("http.response.status_code", status or 500)
                    if status is not None and status >= 500:
                        span.set_status(Status(StatusCode.ERROR, str(status)))
        finally:
            self._metrics.requested(method, _path(scope), status or 500, monotonic() - began, trace)


def _path(scope: Scope) -> str:
    """The template of the route that answered."""
    path: str = getattr(scope.get("route"), "path", "unmatched")
    return path


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


async def _on_refused_by_the_database(request: Request, error: Exception) -> Response:
    if not cannot_be_kept(error):
        return await _on_bug(request, error)
    _log.warning("a value cannot be kept", path=request.url.path, exc_info=error)
    words = (
        "a value cannot be kept: a NUL character, half of a surrogate pair, or a number beyond all measure"
    )
    return Problem(422, "Invalid request", words).answer()


async def _on_bug(request: Request, error: Exception) -> Response:
    _log.error("a request failed", path=request.url.path, exc_info=error)
    return Problem(500, "Internal error", "it is logged with this trace; nothing was kept").answer()
