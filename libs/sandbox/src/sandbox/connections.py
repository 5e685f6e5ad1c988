"""Dropping a client's TCP connection, for faults that must be real on the socket."""

import asyncio
import socket
import struct

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


def cut(scope: Scope) -> None:
    """Reset the connection on which this request came in; nothing buffered is sent any more."""
    transport = _open.get(_client_of(scope))
    if transport is None:
        raise LookupError(
            "The connection of this request is not known; is the sandbox's own protocol in use?"
        )
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        # Lingering for zero seconds makes the kernel send RST instead of an orderly FIN.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class CuttableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol that remembers the transport of each open connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in the parent
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._peer = (str(peer[0]), int(peer[1]))
        _open[self._peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop(self._peer, None)
        super().connection_lost(exc)


def _client_of(scope: Scope) -> tuple[str, int]:
    host, port = scope["client"]
    return str(host), int(port)
