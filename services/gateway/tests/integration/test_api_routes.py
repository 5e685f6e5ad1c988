from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.app import create_service
from testkit.service import RunningService, free_port, running

LIMIT = 200_000


class Behind:
    """A service behind the gateway, on real HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[str] = []
        self.go_on = asyncio.Event()

    def routes(self) -> list[Route]:
        methods = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route("/api/v1/files/slow", self._slow),
            Route("/api/v1/files/streamed", self._streamed),
            Route("/api/v1/files/broken", self._broken),
            Route("/api/v1/files/count", self._count, methods=methods),
            Route("/{rest:path}", self._echo, methods=methods),
        ]

    async def _echo(self, request: Request) -> Response:
        self.seen.append(request.url.path)
        answer = JSONResponse(
            {
                "method": request.method,
                "path": request.scope["raw_path"].decode(),
                "query": request.url.query,
                "headers": dict(request.headers),
                "body": (await request.body()).decode(),
            },
            status_code=418,
        )
        answer.raw_headers += [
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"x-hop", b"1"),
            (b"connection", b"x-hop"),
        ]
        return answer

    async def _slow(self, _: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    async def _streamed(self, _: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            await self.go_on.wait()
            yield b"second"

        return StreamingResponse(body())

    async def _broken(self, _: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            raise ConnectionError("broken on purpose")

        return StreamingResponse(body(), headers={"Content-Length": "100"})

    async def _count(self, request: Request) -> Response:
        return JSONResponse({"bytes": sum([len(chunk) async for chunk in request.stream()])})


@asynccontextmanager
async def served() -> AsyncIterator[Behind]:
    listener = socket.create_server(("127.0.0.1", 0))
    behind = Behind(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=behind.routes()), log_config=None, lifespan="off")
    )
    task = asyncio.create_task(server._serve(sockets=[listener]))  # without its signal handlers
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield behind
    finally:
        server.force_exit = server.should_exit = True
        await task


@pytest.fixture(scope="module")
async def behind() -> AsyncIterator[Behind]:
    async with served() as service:
        yield service


@pytest.fixture(scope="module")
async def gateway(
    environment: dict[str, str], behind: Behind, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningService]:
    nobody = f"http://127.0.0.1:{free_port()}"
    own = {
        "TENANCY_URL": nobody,
        "GATEWAY_SNAPSHOT_PATH": str(tmp_path_factory.mktemp("gateway") / "hooks.sealed"),
        "GATEWAY_UPSTREAMS": json.dumps({"file-management": behind.url, "ocr": nobody}),
        "GATEWAY_UPSTREAM_SECONDS": "0.5",
        "GATEWAY_BODY_LIMIT": str(LIMIT),
        "GATEWAY_BODY_IDLE_SECONDS": "0.4",
    }
    async with running(create_service, environment | own) as service:
        yield service


def refused(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["status"] == status


async def raw(gateway: RunningService, line: bytes, rest: bytes) -> bytes:
    """What the gateway answers to these bytes, with the token between them and the connection left open."""
    token = gateway.http.headers["authorization"].encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.service.settings.port)
    try:
        writer.write(line + b"Host: gateway\r\nAuthorization: " + token + b"\r\n" + rest)
        await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read(65536)
    finally:
        writer.close()


async def test_a_request_reaches_its_service_as_it_was_and_the_answer_comes_back(
    gateway: RunningService,
) -> None:
    answer = await gateway.http.put(
        "/api/v1/files/M%C3%BCller%2F2026?a=1&b=%20",
        content="Grüße".encode(),
        headers={
            "X-Tenant-Id": "muster",
            "X-Request-Id": "r-1",
            "Forwarded": "for=6.6.6.6",
            "TE": "trailers",
        },
    )

    assert answer.status_code == 418
    seen = answer.json()
    assert (seen["method"], seen["path"], seen["query"], seen["body"]) == (
        "PUT", "/api/v1/files/M%C3%BCller%2F2026", "a=1&b=%20", "Grüße",
    )  # fmt: skip
    assert seen["headers"]["x-tenant-id"] == "muster"
    assert seen["headers"]["authorization"] == gateway.http.headers["authorization"]
    assert seen["headers"]["x-request-id"] == answer.headers["x-request-id"] == "r-1"
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert not {"te", "forwarded"} & seen["headers"].keys()
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "x-hop" not in answer.headers


async def test_a_request_without_a_sound_id_gets_one(gateway: RunningService) -> None:
    answer = await gateway.http.get("/api/v1/files", headers={"X-Request-Id": "a b" * 100})

    assert len(answer.headers["x-request-id"]) == 36
    assert answer.json()["headers"]["x-request-id"] == answer.headers["x-request-id"]
    assert "accept-encoding" in answer.json()["headers"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc", "Bearer \xff"])
async def test_without_a_token_no_service_is_asked(
    gateway: RunningService, behind: Behind, header: str
) -> None:
    behind.seen.clear()

    answer = await gateway.http.get("/api/v1/files", headers={"Authorization": header.encode("latin-1")})  # type: ignore[dict-item] # raw bytes

    assert refused(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert behind.seen == []


async def test_an_admin_token_is_taken_too(gateway: RunningService) -> None:
    token = gateway.service.settings.admin_token.get_secret_value()

    assert (
        await gateway.http.get("/api/v1/files", headers={"Authorization": f"bearer {token}"})
    ).status_code == 418


async def test_a_resource_that_no_service_has_is_not_found(gateway: RunningService) -> None:
    assert refused(await gateway.http.get("/api/v1/secrets"), 404)


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/files/../../../internal/hooks",
        b"/api/v1/files/%2e%2e/%2E./internal",
        b"/api/v1/files/..%2f..%2fx",
    ],
)
async def test_no_path_leads_out_of_its_resource(
    gateway: RunningService, behind: Behind, path: bytes
) -> None:
    behind.seen.clear()

    answer = await raw(gateway, b"GET " + path + b" HTTP/1.1\r\n", b"Connection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert behind.seen == []


async def test_a_service_that_is_down_is_told_as_such(gateway: RunningService) -> None:
    answer = await gateway.http.get("/api/v1/documents/1")

    assert refused(answer, 502)
    assert "ocr" in answer.json()["detail"]


async def test_a_service_that_is_too_slow_is_told_as_such(gateway: RunningService) -> None:
    assert refused(await gateway.http.get("/api/v1/files/slow"), 504)


async def test_an_answer_streams_as_it_is_made(gateway: RunningService, behind: Behind) -> None:
    behind.go_on.clear()
    async with gateway.http.stream("GET", "/api/v1/files/streamed") as answer:
        chunks = answer.aiter_raw()
        first = await anext(chunks)
        behind.go_on.set()
        rest = b"".join([chunk async for chunk in chunks])

    assert (first, rest) == (b"first", b"second")


async def test_an_answer_that_breaks_off_is_broken_off_and_not_ended(gateway: RunningService) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.http.get("/api/v1/files/broken")


async def test_a_body_streams_to_its_service(gateway: RunningService) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 50_000

    answer = await gateway.http.post("/api/v1/files/count", content=body())

    assert answer.json() == {"bytes": 150_000}


async def test_a_body_over_the_limit_is_refused_declared_or_streamed(gateway: RunningService) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 50_000

    declared = await gateway.http.post("/api/v1/files/count", content=b"x" * (LIMIT + 1))
    streamed = await gateway.http.post("/api/v1/files/count", content=body())

    assert refused(declared, 413)
    assert refused(streamed, 413)


async def test_a_body_that_stands_still_is_cut_off(gateway: RunningService) -> None:
    answer = await raw(gateway, b"POST /api/v1/files/count HTTP/1.1\r\n", b"Content-Length: 10\r\n\r\nx")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"cut off" in answer
