"""A vendor of a few lines: a real socket that answers what a test tells it to, byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

HANG = b"HANG"
CUT = b"CUT"


@dataclass
class TinyVendor:
    """Answers every request with the next of `answers` (the last one again and again)."""

    answers: list[bytes] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    address: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    talks: set[asyncio.Task[None] | None] = field(default_factory=set)

    def says(self, status: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.answers.append("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talks.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.lower().splitlines()
                        if line.startswith(b"content-length")
                    ),
                    0,
                )
                self.requests.append(head + await reader.readexactly(length))
                self.asked.set()
                self.open_now += 1
                self.most_open = max(self.most_open, self.open_now)
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer == HANG:
                    await self.release.wait()
                await asyncio.sleep(0.01)
                self.open_now -= 1
                if answer in (HANG, CUT):
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@pytest.fixture
async def vendor() -> AsyncIterator[TinyVendor]:
    tiny = TinyVendor()
    server = await asyncio.start_server(tiny.serve, "127.0.0.1", 0)
    tiny.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield tiny
    tiny.release.set()
    server.close()
    await server.wait_closed()
    await asyncio.wait(
        [talk for talk in tiny.talks if talk] or [asyncio.create_task(asyncio.sleep(0))], timeout=2
    )
