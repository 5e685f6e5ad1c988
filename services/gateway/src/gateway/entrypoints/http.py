"""The gateway over HTTP: plain Starlette routes, because a webhook's way must be short."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chassis.http import Problem
from contracts.envelope import new_id
from gateway.application.accept_webhook import INLINE_BYTES, AcceptWebhook
from gateway.application.forward_request import ForwardRequest, UnknownResource
from gateway.application.hold_hooks import HeldHooks, RegistryUnread
from gateway.application.ports import (
    Answer,
    CannotKeep,
    Forwarded,
    SignatureRefused,
    UpstreamDown,
    UpstreamSlow,
)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
COME_AGAIN = {"Retry-After": "5"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_log = structlog.get_logger("gateway.http")
_Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(slots=True)
class Limits:
    """How large a body may be, how long it may stand still, and how much of large ones is held at a time."""

    body: int
    idle_seconds: float
    budget: int
    held: int = 0

    @contextmanager
    def room_for(self, declared: int | None) -> Iterator[None]:
        """Room in memory for a webhook's body. Raises `Problem` 503 when there is none."""
        size = self.body if declared is None else declared
        if size <= INLINE_BYTES:
            yield
            return
        if self.held and self.held + size > self.budget:
            raise Problem(
                503, "Busy", "too many large bodies at this moment: come again", headers={"Retry-After": "1"}
            )
        self.held += size
        try:
            yield
        finally:
            self.held -= size


def webhook_route(hooks: HeldHooks, accept: AcceptWebhook, limits: Limits) -> Route:
    """`POST /webhooks/{source}/{hook_id}`: 202 for what is new, 200 for what is known, with its id."""

    async def receive_webhook(request: Request) -> Response:
        source: str = request.path_params["source"]
        hook_id: str = request.path_params["hook_id"]
        hook = hooks.find(source, hook_id) or await hooks.find_or_read(source, hook_id)
        if hook is None:
            raise Problem(
                404, "Unknown hook", "no hook is registered at this address: check source and hook id"
            )
        declared = _declared(request, limits.body)
        with limits.room_for(declared):
            body = b"".join([chunk async for chunk in _chunks(request, limits, declared)])
            receipt = await accept(hook, request.headers, body)
        return Response(
            f'{{"id":"{receipt.id}"}}', 202 if receipt.new else 200, media_type="application/json"
        )  # fmt: skip

    return Route("/webhooks/{source}/{hook_id}", _WithProblems(receive_webhook), methods=["POST"])


def api_routes(forward: ForwardRequest, limits: Limits, tokens: Sequence[SecretStr]) -> list[Route]:
    """`/api/v1/{resource}/…`: a token is wanted, bodies stream both ways."""
    known = [token.get_secret_value().encode() for token in tokens]

    async def forward_request(request: Request) -> Response:
        _check_token(request, known)
        declared = _declared(request, limits.body)
        has_body = bool(declared) or "transfer-encoding" in request.headers
        target: bytes = request.scope["raw_path"]
        if query := request.scope["query_string"]:
            target += b"?" + query
        body = _chunks(request, limits, declared) if has_body else None
        answer = await forward(
            request.path_params["resource"],
            Forwarded(request.method, target, request.headers.raw, body),
            request_id=_request_id(request),
            client=request.client.host if request.client else None,
        )
        return _Relayed(answer)

    endpoint = _WithProblems(forward_request)
    return [
        Route("/api/v1/{resource}", endpoint, methods=METHODS),
        Route("/api/v1/{resource}/{rest:path}", endpoint, methods=METHODS),
    ]


class _Relayed(StreamingResponse):
    """A service's answer as it comes; its connection is given back however this ends."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body, answer.status)
        self.raw_headers = list(answer.headers)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (UpstreamDown, UpstreamSlow) as error:
            # The head is gone already: only breaking the connection tells the client that the rest is missing.
            _log.warning("an answer broke off", reason=str(error))
            raise
        finally:
            await self._answer.close()


class _WithProblems:
    """An endpoint, its errors answered as problems (RFC 9457); no function, which Starlette would wrap once more."""

    def __init__(self, endpoint: _Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._endpoint(request)
        except Problem as problem:
            return problem.answer()
        except tuple(_PROBLEMS) as error:
            status, title, headers = next(told for kind, told in _PROBLEMS.items() if isinstance(error, kind))
            return Problem(status, title, str(error), headers=headers).answer()


class _CutOff(Exception):
    """The body ended or stood still before it was complete."""


class _TooLarge(Exception):
    """The body is larger than allowed."""


_PROBLEMS: dict[type[Exception], tuple[int, str, dict[str, str]]] = {
    _CutOff: (400, "Body cut off", {"Connection": "close"}),
    # What is left of the body is not read: the connection cannot be used again.
    _TooLarge: (413, "Body too large", {"Connection": "close"}),
    SignatureRefused: (401, "Signature refused", {}),
    RegistryUnread: (503, "Hooks unknown for now", COME_AGAIN),
    CannotKeep: (503, "Unavailable for now", COME_AGAIN),
    UnknownResource: (404, "Not found", {}),
    UpstreamDown: (502, "Service unreachable", {}),
    UpstreamSlow: (504, "Service too slow", {}),
}


def _declared(request: Request, limit: int) -> int | None:
    """The length that the request declares. Raises `_TooLarge`, and `Problem` 400 when it is no number."""
    text = request.headers.get("content-length")
    if text is None:
        return None if "transfer-encoding" in request.headers else 0
    if not (text.isascii() and text.isdecimal()):
        raise Problem(400, "Invalid length", "Content-Length is no number")
    if int(text) > limit:
        raise _TooLarge(f"a body may have {limit} bytes, this one has {text[:20]}")
    return int(text)


async def _chunks(request: Request, limits: Limits, declared: int | None) -> AsyncIterator[bytes]:
    """The body as it comes. Raises `_TooLarge` and `_CutOff`."""
    size, more = 0, True
    while more and size != declared:
        try:
            async with asyncio.timeout(limits.idle_seconds):
                message = await request.receive()
        except TimeoutError as error:
            raise _CutOff(
                f"the body stood still for {limits.idle_seconds:g} s before it was complete"
            ) from error
        if message["type"] == "http.disconnect":
            raise _CutOff("the connection ended before the body was complete")
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limits.body:
            raise _TooLarge(f"a body may have {limits.body} bytes, this one has more")
        if chunk:
            yield chunk
    if declared is not None and size != declared:
        raise _CutOff(f"the body has {size} bytes and declares {declared}")


def _check_token(request: Request, known: Sequence[bytes]) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    given = token.strip().encode("utf-8", "replace")
    matches = [hmac.compare_digest(given, one) for one in known]
    if scheme.lower() != "bearer" or not any(matches):
        raise Problem(
            401, "Unauthorized", "send a service or admin token as 'Authorization: Bearer …'",
            headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_id()
