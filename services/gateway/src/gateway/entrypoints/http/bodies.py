"""What every way in has in common: bodies within their limits, errors as problems (RFC 9457)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.http import Problem
from gateway.application.accept_webhook import INLINE_BYTES
from gateway.application.hold_hooks import RegistryUnread
from gateway.application.limit_requests import TooManyRequests
from gateway.application.ports import (
    BodyRefused,
    CannotKeep,
    CannotVerify,
    EncodedBody,
    SignatureRefused,
    TenantSuspended,
)

COME_AGAIN = {"Retry-After": "5"}
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


class WithProblems:
    """An endpoint, its errors answered as problems (RFC 9457); no function, which Starlette would wrap once more."""

    def __init__(self, endpoint: _Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._endpoint(request)
        except Exception as error:  # told as a problem, or raised again
            problem = problem_of(error)
            if problem is None:
                raise
            return problem.answer()


def problem_of(error: Exception) -> Problem | None:
    """What is answered to an error of a way in; None when it is none of those that a sender can mend or wait for."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, TooManyRequests):
        return too_many(error)
    for kind, (status, title, headers) in _PROBLEMS.items():
        if isinstance(error, kind):
            return Problem(status, title, str(error), headers=headers)
    return None


def too_many(error: TooManyRequests) -> Problem:
    """What is answered to who came too often."""
    return Problem(429, "Too Many Requests", str(error), headers={"Retry-After": str(error.retry_after)})


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
    BodyRefused: (400, "Body refused", {}),
    EncodedBody: (415, "Body encoded", {"Accept-Encoding": "identity"}),
    TenantSuspended: (403, "Tenant suspended", {}),
    CannotVerify: (503, "Unavailable for now", COME_AGAIN),
    CannotKeep: (503, "Unavailable for now", COME_AGAIN),
}


def declared_length(request: Request, limit: int) -> int | None:
    """The length that the request declares. Raises `_TooLarge`, and `Problem` 400 when it is no number."""
    text = request.headers.get("content-length")
    if text is None:
        return None if "transfer-encoding" in request.headers else 0
    if not (text.isascii() and text.isdecimal()):
        raise Problem(400, "Invalid length", "Content-Length is no number")
    if int(text) > limit:
        raise _TooLarge(f"a body may have {limit} bytes, this one has {text[:20]}")
    return int(text)


async def chunks(
    request: Request, limits: Limits, declared: int | None, most: int | None = None
) -> AsyncIterator[bytes]:
    """The body as it comes; `most` when less is allowed than elsewhere. Raises `_TooLarge` and `_CutOff`."""
    size, more = 0, True
    most = limits.body if most is None else min(most, limits.body)
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
        if size > most:
            raise _TooLarge(f"a body may have {most} bytes, this one has more")
        if chunk:
            yield chunk
    if declared is not None and size != declared:
        raise _CutOff(f"the body has {size} bytes and declares {declared}")
