"""Answers of the API on their way out: compressed when asked, broken off when their service breaks off."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence

import structlog
import zstandard
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.application.api_ports import Answer, UpstreamDown, UpstreamSlow
from gateway.application.serve_request import Ready
from gateway.domain.encodings import SMALLEST, Encoding, is_text, preferred
from gateway.domain.headers import Header, first_of, values_of

READ_WHOLE = 1024 * 1024
"""An answer that declares no more than this is read before it is passed on: it can be compressed, and told as failed."""
IN_A_THREAD = 64 * 1024
_log = structlog.get_logger("gateway.http")


async def response_of(answer: Answer | Ready, asked: Sequence[Header], *, compress: bool) -> Response:
    """The answer for who asked with these headers. Raises `UpstreamDown` and `UpstreamSlow`."""
    if isinstance(answer, Answer):
        declared = first_of(answer.headers, b"content-length") or ""
        if not declared.isdecimal() or int(declared[:12]) > READ_WHOLE:
            return _Relayed(answer)
        answer = await _read(answer)
    encoding = preferred(values_of(asked, b"accept-encoding")) if compress and _fit(answer) else None
    body, headers = answer.body, list(answer.headers)
    if encoding is not None:
        body = await _compressed(body, encoding)
        headers = _encoded(headers, encoding)
    return _Whole(answer.status, headers, body)


class _Whole(Response):
    """An answer whose body is here; its headers are those of the service."""

    def __init__(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        super().__init__(status_code=status)
        self.body = body
        self.raw_headers = [header for header in headers if header[0].lower() != b"content-length"]
        if status not in {204, 304}:
            self.raw_headers.append((b"content-length", str(len(body)).encode()))


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


async def _read(answer: Answer) -> Ready:
    try:
        body = b"".join([part async for part in answer.body])
    finally:
        await answer.close()
    return Ready(answer.status, tuple(answer.headers), body)


def _fit(answer: Ready) -> bool:
    """Whether compressing is of use, and harmless: what a service marks no-store may hold a secret (BREACH)."""
    headers = answer.headers
    return (
        len(answer.body) >= SMALLEST
        and not values_of(headers, b"content-encoding")
        and is_text(first_of(headers, b"content-type") or "")
        and "no-store" not in ",".join(values_of(headers, b"cache-control"))
    )


async def _compressed(body: bytes, encoding: Encoding) -> bytes:
    work = _gzip if encoding == "gzip" else _zstd
    return await asyncio.to_thread(work, body) if len(body) > IN_A_THREAD else work(body)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=5, mtime=0)


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3).compress(body)


def _encoded(headers: Sequence[Header], encoding: Encoding) -> list[Header]:
    """The headers of the compressed form: a strong tag would say that the bytes are the same."""
    weak = [
        (name, b"W/" + value if name.lower() == b"etag" and not value.startswith(b"W/") else value)
        for name, value in headers
    ]
    return [*weak, (b"content-encoding", encoding.encode("ascii"))]
