"""Heads of requests over real sockets: those that are too large are told so, whatever way they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chassis.connections import LINGER_BYTES, MOST_HEAD_BYTES, BoundedHeads

Address = tuple[str, int]


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[Address]:
    app = Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST"])])
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", http=BoundedHeads)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign] # the test run keeps its own
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()
    server.should_exit = True
    await serving


async def said(address: Address, pieces: Iterable[bytes], *, ends: bool = False) -> bytes:
    """All that is answered to these pieces."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if ends:
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read(100_000)
    finally:
        writer.close()


def too_large(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"content-type: application/problem+json" in head.lower()
    return json.loads(body)["status"] == 431


async def test_one_header_of_a_megabyte_is_too_large(address: Address) -> None:
    assert too_large(await said(address, [b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n"]))


async def test_a_megabyte_of_small_headers_is_too_large(address: Address) -> None:
    pieces = (b"GET / HTTP/1.1\r\n", *(b"X-%d: %s\r\n" % (number, b"a" * 100) for number in range(9000)))

    assert too_large(await said(address, pieces))


async def test_a_header_that_never_ends_is_too_large(address: Address) -> None:
    assert too_large(await said(address, [b"GET / HTTP/1.1\r\nX: ", *[b"a" * 10_000] * 30]))


async def test_an_address_of_a_megabyte_is_too_large(address: Address) -> None:
    assert too_large(await said(address, [b"GET /", *[b"a" * 10_000] * 100, b" HTTP/1.1\r\n\r\n"]))


async def test_what_follows_a_good_request_is_bounded_too(address: Address) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    await reader.readexactly(1)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000)

    async with asyncio.timeout(10):
        assert too_large(await reader.read(100_000))
    writer.close()


async def test_a_large_head_that_is_allowed_and_a_large_body_are_taken(address: Address) -> None:
    head = b"POST / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * (MOST_HEAD_BYTES - 200)
    body = b"b" * 500_000
    request = head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    assert (await said(address, [request])).startswith(b"HTTP/1.1 200 ")
    by_halves = [request[:40_000], request[40_000:]]
    assert (await said(address, by_halves)).startswith(b"HTTP/1.1 200 ")


async def test_a_large_body_just_before_the_next_request_counts_to_no_head(address: Address) -> None:
    body = b"b" * 200_000
    first = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    answer = await said(
        address, [first + b"GET / HT", b"TP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"], ends=True
    )

    assert answer.count(b"HTTP/1.1 200 ") == 2


async def test_heads_of_one_connection_are_not_added_up(address: Address) -> None:
    reader, writer = await asyncio.open_connection(*address)
    request = b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 4000 + b"\r\n\r\n"
    for _ in range(40):
        for piece in (request[:500], request[500:3500], request[3500:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)  # so that it comes in three pieces
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(1)
    writer.close()


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


@pytest.fixture
def connection() -> tuple[BoundedHeads, Wire]:
    config = uvicorn.Config(Starlette(routes=[Route("/", echo, methods=["GET", "POST"])]), log_config=None)
    config.load()
    protocol, wire = BoundedHeads(config, uvicorn.server.ServerState(), {}), Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def test_a_head_that_comes_whole_at_once_is_bounded_too(connection: tuple[BoundedHeads, Wire]) -> None:
    protocol, wire = connection

    protocol.data_received(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n")

    assert too_large(wire.written)


async def test_what_was_refused_is_read_on_for_a_while_so_that_the_answer_arrives(
    connection: tuple[BoundedHeads, Wire],
) -> None:
    protocol, wire = connection
    protocol.data_received(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)
    answer = wire.written
    await asyncio.sleep(0)
    assert not wire.closed

    protocol.data_received(b"a" * LINGER_BYTES)
    assert not wire.closed
    protocol.data_received(b"a")
    assert wire.closed
    assert wire.written == answer


async def test_a_body_and_the_beginning_of_the_next_head_in_one_piece_are_told_apart(
    connection: tuple[BoundedHeads, Wire],
) -> None:
    protocol, wire = connection
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")

    protocol.data_received(b"b" * 100_000 + b"GET / HT")

    assert b" 431 " not in wire.written
    assert not wire.closed


async def test_garbage_is_still_a_bad_request(address: Address) -> None:
    assert (await said(address, [b"\x00\xff garbage\r\n\r\n"])).startswith(b"HTTP/1.1 400 ")
