"""The API over HTTP: a token is wanted, then requests stream to the service that answers, and back."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence

import structlog
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chassis.http import Problem
from contracts.envelope import new_id
from gateway.application.forward_request import ForwardRequest
from gateway.application.ports import Answer, Forwarded, UpstreamDown, UpstreamSlow
from gateway.entrypoints.http.bodies import Limits, WithProblems, chunks, declared_length

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,80}")
_log = structlog.get_logger("gateway.http")


def api_routes(forward: ForwardRequest, limits: Limits, tokens: Sequence[SecretStr]) -> list[Route]:
    """`/api/v1/{resource}/…`: a token is wanted, bodies stream both ways."""
    known = [token.get_secret_value().encode() for token in tokens]

    async def forward_request(request: Request) -> Response:
        _check_token(request, known)
        declared = declared_length(request, limits.body)
        has_body = bool(declared) or "transfer-encoding" in request.headers
        target: bytes = request.scope["raw_path"]
        if query := request.scope["query_string"]:
            target += b"?" + query
        body = chunks(request, limits, declared) if has_body else None
        answer = await forward(
            request.path_params["resource"],
            Forwarded(request.method, target, request.headers.raw, body),
            request_id=_request_id(request),
            client=request.client.host if request.client else None,
        )
        return _Relayed(answer)

    endpoint = WithProblems(forward_request)
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
