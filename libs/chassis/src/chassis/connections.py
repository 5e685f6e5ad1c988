"""HTTP connections whose heads are bounded: neither uvicorn's fast parser nor uvicorn itself limits headers."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 1024
"""Request line and headers, as h11 allows them; what is sent for one request before its body begins."""
LINGER_BYTES = 16 * 1024 * 1024
LINGER_SECONDS = 2.0
"""How much, and for how long, is still read and thrown away of what was refused: a connection that is closed while
something comes in is reset, and the answer is lost with it."""
_BODY = (
    b'{"type":"about:blank","title":"Headers too large","status":431,'
    b'"detail":"request line and headers may have %d bytes together"}' % MOST_HEAD_BYTES
)
_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_BODY), _BODY)
)


class _HeadTooLarge(Exception):
    """The parser hands it on as one of its own errors."""


class BoundedHeads(HttpToolsProtocol):
    """uvicorn's protocol over httptools, which answers 431 to a head that is too large, and reads no more of it."""

    _head = 0
    _unparsed = 0
    _in_head = True
    _refused = False
    _thrown_away = 0

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head while it comes, in however small pieces."""
        if self._refused:
            self._throw_away(data)
            return
        was_in_head = self._in_head
        super().data_received(data)
        if self._refused or not (was_in_head and self._in_head):
            return
        # The parser tells of a header when it is whole: one that never ends must be counted here.
        self._unparsed += len(data)
        if self._unparsed > MOST_HEAD_BYTES:
            self._refuse()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head, self._in_head = 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._unparsed, self._in_head = 0, False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser refused; a head that is too large is told as what it is."""
        if self._head > MOST_HEAD_BYTES:
            self._refuse()
        else:
            super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MOST_HEAD_BYTES:
            raise _HeadTooLarge

    def _refuse(self) -> None:
        self._refused = True
        self.transport.write(_ANSWER)
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.transport.close)

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            self.transport.close()
