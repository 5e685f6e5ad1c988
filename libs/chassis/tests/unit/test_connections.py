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

from chassis.connections import MOST_HEAD_BYTES, BoundedHeads

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


async def test_garbage_is_still_a_bad_request(address: Address) -> None:
    assert (await said(address, [b"\x00\xff garbage\r\n\r\n"])).startswith(b"HTTP/1.1 400 ")
