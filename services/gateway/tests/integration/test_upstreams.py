from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.adapters.counts import Counts
from gateway.adapters.upstreams import HttpUpstreams, Patience
from gateway.application.api_ports import CannotPassOn, Forwarded, UpstreamDown, UpstreamSlow
from testkit.door import served
from testkit.service import free_port

PATIENCE = Patience(seconds=0.5, connect_seconds=0.3, total_seconds=5.0, most_bytes=1000)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def get(path: str = "/", method: str = "GET") -> Forwarded:
    return Forwarded(method, path.encode(), [], None)


def upstreams(*urls: str, patience: Patience = PATIENCE) -> tuple[HttpUpstreams, CollectorRegistry]:
    registry = CollectorRegistry()
    return HttpUpstreams({"ocr": urls}, patience, Counts(registry)), registry


async def said(asked: HttpUpstreams, request: Forwarded) -> str:
    answer = await asked.send("ocr", request)
    try:
        return b"".join([part async for part in answer.body]).decode()
    finally:
        await answer.close()


@asynccontextmanager
async def named(name: str) -> AsyncIterator[str]:
    async def show(_: Request) -> Response:
        return PlainTextResponse(name)

    async with served([Route("/{rest:path}", show, methods=["GET", "POST"])]) as url:
        yield url


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """A server that says what a test wants, byte by byte."""

    async def talked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(talked, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_of_two_addresses_one_down_no_read_fails_and_the_dead_one_is_left_alone() -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    async with named("alive") as alive:
        asked, registry = upstreams(dead, alive)
        answers = [await said(asked, get()) for _ in range(12)]

        assert answers == ["alive"] * 12
        assert f"ocr at {dead} does not answer" in asked.notes()[0]
        failures = f'upstream_failures_total{{address="{dead}",service="ocr"}} 3.0'
        assert failures in generate_latest(registry).decode()


async def test_a_header_that_none_may_be_is_no_failure_of_the_service() -> None:
    async with named("a") as a:
        asked, registry = upstreams(a)
        for _ in range(4):
            with pytest.raises(CannotPassOn):
                await said(asked, Forwarded("GET", b"/", [(b"x-odd", b"a\x00b")], None))

        assert await said(asked, get()) == "a"
        assert "upstream_failures_total{" not in generate_latest(registry).decode()


async def test_both_of_two_addresses_are_asked() -> None:
    async with named("a") as a, named("b") as b:
        asked, _ = upstreams(a, b)

        assert {await said(asked, get()) for _ in range(4)} == {"a", "b"}


async def test_who_has_fewer_requests_in_flight_is_asked() -> None:
    async with named("a") as a, named("b") as b:
        asked, _ = upstreams(a, b)
        held = await asked.send("ocr", get())
        first = b"".join([part async for part in held.body]).decode()

        assert {await said(asked, get()) for _ in range(5)} == {"a", "b"} - {first}
        await held.close()
        assert {await said(asked, get()) for _ in range(4)} == {"a", "b"}


async def test_a_write_is_never_sent_twice() -> None:
    heard: list[bytes] = []

    async def break_off(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(10))

    async with talking(break_off) as first, talking(break_off) as second:
        asked, _ = upstreams(first, second)
        with pytest.raises(UpstreamDown):
            await said(asked, get(method="POST"))

    assert heard == [b"POST / HTT"]


async def test_a_read_is_sent_once_more_elsewhere_and_not_a_third_time() -> None:
    heard: list[bytes] = []

    async def break_off(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(9))

    async with talking(break_off) as first, talking(break_off) as second, talking(break_off) as third:
        asked, _ = upstreams(first, second, third)
        with pytest.raises(UpstreamDown):
            await said(asked, get())

    assert len(heard) == 2


async def test_a_read_on_a_connection_that_was_closed_meanwhile_is_tried_again_at_the_only_address() -> None:
    connections = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await reader.read(1)

    async with talking(answer_once) as url:
        asked, _ = upstreams(url)

        assert [await said(asked, get()) for _ in range(3)] == ["ok"] * 3
        assert connections >= 3


async def test_an_answer_that_has_begun_is_never_asked_for_again() -> None:
    heard = 0

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
        await writer.drain()

    async with talking(begin) as first, talking(begin) as second:
        asked, registry = upstreams(first, second)
        with pytest.raises(UpstreamDown, match="broken off"):
            await said(asked, get())

    assert heard == 1
    assert 'reason="was broken off by its service"' in generate_latest(registry).decode()


async def test_a_service_that_says_nothing_uses_up_the_time_of_all_tries() -> None:
    heard = 0

    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += 1
        await reader.read()

    async with talking(wait) as first, talking(wait) as second:
        asked, _ = upstreams(first, second)
        with pytest.raises(UpstreamSlow):
            await said(asked, get())

    assert heard == 1


async def test_an_answer_that_drips_is_cut_when_its_whole_time_is_over() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(drip) as url:
        asked, registry = upstreams(url, patience=Patience(0.5, 0.3, 0.2, 1000))
        with pytest.raises(UpstreamSlow, match="took too long"):
            await said(asked, get())

    assert 'answers_cut_total{reason="took too long",service="ocr"} 1.0' in generate_latest(registry).decode()


async def test_other_addresses_are_used_at_once_and_requests_in_flight_end_where_they_are() -> None:
    async with named("old") as old, named("new") as new:
        asked, _ = upstreams(old)
        held = await asked.send("ocr", get())
        asked.use({"ocr": [new]})

        assert await said(asked, get()) == "new"
        assert b"".join([part async for part in held.body]) == b"old"
        await held.close()


async def test_megabytes_of_headers_from_a_service_are_a_failure_of_the_service() -> None:
    async def boast(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * 3_000_000 + b"\r\n\r\n")
        await writer.drain()

    async with talking(boast) as url:
        asked, _ = upstreams(url)
        with pytest.raises(UpstreamDown):
            await said(asked, get())
