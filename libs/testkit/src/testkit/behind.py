"""Services that stand behind the gateway in its tests, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from testkit.door import described, describing

METHODS = ["GET", "POST", "PUT", "DELETE"]


class Behind:
    """A service that answers in every way that a service can, the bad ones too."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go_on = asyncio.Event()

    def routes(self) -> list[Route]:
        """What it answers."""
        paths = ["/api/v1/files", "/api/v1/files/{file_id}", "/api/v2/files"]
        document = described(
            *(f"{method} {path}" for path in paths for method in ("GET", "POST", "PUT")), "GET /internal/secrets",
        )  # fmt: skip
        return [
            describing(document),
            Route("/api/v1/files/slow", self._slow),
            Route("/api/v1/files/streamed", self._streamed),
            Route("/api/v1/files/broken", self._broken),
            Route("/api/v1/files/large", self._large),
            Route("/api/v1/files/secret", self._secret),
            Route("/api/v1/files/endless", self._endless),
            Route("/api/v1/files/huge", self._huge),
            Route("/api/v1/files/count", self._count, methods=METHODS),
            Route("/{rest:path}", self._echo, methods=METHODS),
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

        return StreamingResponse(body())

    async def _endless(self, _: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"x"
                await asyncio.sleep(0.02)

        return StreamingResponse(body())

    async def _huge(self, request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(40):
                yield b"x" * 100_000

        headers = {"Content-Length": "4000000"} if "declared" in request.url.query else None
        return StreamingResponse(body(), headers=headers)

    async def _large(self, _: Request) -> Response:
        return JSONResponse(["Grüße"] * 1000)

    async def _secret(self, _: Request) -> Response:
        return JSONResponse(["Grüße"] * 1000, headers={"Cache-Control": "no-store"})

    async def _count(self, request: Request) -> Response:
        return JSONResponse({"bytes": sum([len(chunk) async for chunk in request.stream()])})


@dataclass
class Files:
    """A service that tells what the gateway told it, at two addresses."""

    answers: int = 0
    cache: str = "private, max-age=60"

    def routes(self) -> list[Route]:
        """What it answers."""
        document = described(
            "GET /api/v1/files", "POST /api/v1/files", "GET /api/v1/files/{file_id}", "GET /api/v1/documents", "POST /api/v1/login",
            "GET /api/v1/billing/invoices",
            login=[],
        )  # fmt: skip
        return [
            describing(document),
            Route("/api/v1/files/kept", self._kept),
            Route("/api/v1/files/count", self._count),
            Route("/{rest:path}", self._echo, methods=["GET", "POST"]),
        ]

    async def _echo(self, request: Request) -> Response:
        return JSONResponse({"headers": dict(request.headers)})

    async def _kept(self, _: Request) -> Response:
        self.answers += 1
        return JSONResponse({"answer": self.answers}, headers={"Cache-Control": self.cache})

    async def _count(self, _: Request) -> Response:
        self.answers += 1
        return JSONResponse({"answer": self.answers})
