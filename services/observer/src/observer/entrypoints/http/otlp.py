"""`POST /v1/traces`: OTLP over HTTP, as the OpenTelemetry protocol specification has it."""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Callable, Sequence

from google.protobuf.json_format import MessageToJson
from google.rpc.status_pb2 import Status
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from observer.application.ports import SpanCounts
from observer.application.take_spans import TakeSpans
from observer.domain.spans import StorySpan

PATH = "/v1/traces"
_FORMS = ("application/x-protobuf", "application/json")
_AGAIN_SECONDS = 5
_Read = Callable[[bytes, str], tuple[list[StorySpan], int]]
_Answer = Callable[[str, int], bytes]


class _Refused(Exception):
    def __init__(self, status: int, words: str, *, again: bool = False) -> None:
        super().__init__(words)
        self.status = status
        self.again = again


def routes(
    take: TakeSpans, counts: SpanCounts, read: _Read, answer: _Answer, *, token: str, most_bytes: int
) -> Sequence[Route]:
    """The route; it lets in who has the service token, and reads at most `most_bytes`, unpacked."""

    async def receive(request: Request) -> Response:
        form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            _admit(request, token)
            if form not in _FORMS:
                raise _Refused(415, f"send {' or '.join(_FORMS)}")
            if take.full:
                raise _Refused(503, "as many spans wait for the database as may", again=True)
            spans, invalid = _read(read, await _body(request, most_bytes), form)
        except _Refused as refused:
            return _refusal(refused, form)
        take.take(spans)
        counts.count("rejected", invalid)
        return Response(answer(form, invalid), media_type=form)

    return [Route(PATH, receive, methods=["POST"])]


def _admit(request: Request, token: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    fits = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not fits:
        raise _Refused(401, "send the service token as 'Authorization: Bearer …'")


def _read(read: _Read, body: bytes, form: str) -> tuple[list[StorySpan], int]:
    try:
        return read(body, form)
    except ValueError as error:
        raise _Refused(400, str(error)) from error


async def _body(request: Request, most: int) -> bytes:
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("gzip", "identity"):
        raise _Refused(415, "the only encoding is gzip")
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > most:
                raise _Refused(413, f"a request has at most {most} bytes; send fewer spans at a time")
    except ClientDisconnect as error:
        raise _Refused(400, "the sender hung up") from error
    return bytes(content) if packed == "identity" else _unpacked(bytes(content), most)


def _unpacked(content: bytes, most: int) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        body = unpacking.decompress(content, most + 1)
    except zlib.error as error:
        raise _Refused(400, "the body is not gzip") from error
    if len(body) > most:
        raise _Refused(413, f"a request has at most {most} bytes unpacked; send fewer spans at a time")
    if not unpacking.eof:
        raise _Refused(400, "the gzip ends too early")
    return body


def _refusal(refused: _Refused, form: str) -> Response:
    """The error as google.rpc.Status, in the form of the request."""
    status = Status(message=str(refused))
    headers = {"Retry-After": str(_AGAIN_SECONDS)} if refused.again else {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if form == "application/json":
        return Response(MessageToJson(status), refused.status, headers, form)
    return Response(status.SerializeToString(), refused.status, headers, "application/x-protobuf")
