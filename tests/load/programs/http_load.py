"""Load over HTTP: keep-alive connections on raw sockets, each request made, and signed, before the clock starts.

Closed: each connection sends its next request when the last is answered. Open: requests start at a fixed rate, and the
time of each counts from when it should have started, so that a server that stands still is seen.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import secrets
import time
from collections import Counter, deque
from pathlib import Path
from typing import cast

import uvloop
from pydantic import BaseModel
from talk import answer, asked


class Target(BaseModel):
    """Where requests go: a hook whose webhooks are signed with `secret`, or without one what is read with `headers`."""

    path: str
    secret: str | None = None
    headers: dict[str, str] = {}


class Asked(BaseModel):
    """What is wanted."""

    port: int
    targets: list[Target] = []
    file: str | None = None
    """Requests that were made before, as they go over the wire: base64, a line each."""
    connections: int = 32
    seconds: float
    requests: int
    body_bytes: int = 360
    duplicates: float = 0.0
    rate: float | None = None
    ids: bool = False


class _Connection(asyncio.Protocol):
    """One keep-alive connection: a request, its answer, the next."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, due: float) -> None:
        """Send a request; `due` is when its time began."""
        assert self._transport is not None
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        start = head.lower().find(b"content-length:")
        if start < 0 or len(body) < int(head[start + 15 :].partition(b"\r\n")[0]):
            return
        self._received = b""
        self._load.answered(self, int(head[9:12]), body, time.monotonic() - self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self)


class Load:
    """What was sent and how it was answered."""

    def __init__(self, requests: list[bytes], rate: float | None, *, port: int, ids: bool) -> None:
        self._requests = iter(requests)
        self._port = port
        self._opening: set[asyncio.Task[None]] = set()
        self._keep_ids = ids
        self._rate = rate
        self._idle: list[_Connection] = []
        self._overdue: deque[float] = deque()
        self._ends = 0.0
        self._ending = False
        self.statuses: Counter[int] = Counter()
        self.accepted_ids: set[str] = set()
        self.seconds: list[float] = []
        self.lost_connections = 0

    async def open(self) -> _Connection:
        """One more connection."""
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port))[1]

    async def run(self, connections: list[_Connection], seconds: float) -> float:
        """Send for so long; returns how long it was."""
        began = time.monotonic()
        self._ends = began + seconds
        if self._rate is None:
            for connection in connections:
                self._next(connection, began)
            await asyncio.sleep(seconds)
        else:
            self._idle = list(connections)
            await self._at_rate(began, self._rate, seconds)
        took = time.monotonic() - began
        self._ending = True
        await asyncio.sleep(0.5)  # what is under way may end, uncounted
        return took

    async def _at_rate(self, began: float, rate: float, seconds: float) -> None:
        sent = 0
        while (now := time.monotonic()) < began + seconds:
            while began + sent / rate <= now:
                self._overdue.append(began + sent / rate)
                sent += 1
            while self._overdue and self._idle:
                self._next(self._idle.pop(), self._overdue.popleft())
            await asyncio.sleep(0.001)

    def answered(self, connection: _Connection, status: int, body: bytes, seconds: float) -> None:
        """An answer came."""
        if self._keep_ids and status in (200, 202):
            self.accepted_ids.add(str(json.loads(body)["id"]))
        if self._ending:
            return
        self.statuses[status] += 1
        self.seconds.append(seconds)
        if self._rate is None:
            self._next(connection, time.monotonic())
        elif self._overdue:
            self._next(connection, self._overdue.popleft())
        else:
            self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        """A connection ended: one that waited for its turn is opened anew, as every client does; another was cut off."""
        if self._ending:
            return
        if connection in self._idle:
            self._idle.remove(connection)
        else:
            self.lost_connections += 1
        task = asyncio.create_task(self._open_anew())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open_anew(self) -> None:
        self._idle.append(await self.open())

    def _next(self, connection: _Connection, due: float) -> None:
        request = next(self._requests, None)
        if request is not None and not self._ending:
            connection.send(request, due)


def made_requests(wanted: Asked) -> list[bytes]:
    """Requests in the order of their targets; webhooks each with a delivery id of its own, some sent a second time."""
    if wanted.file is not None:
        return [base64.b64decode(line) for line in Path(wanted.file).read_bytes().split()]
    if all(target.secret is not None for target in wanted.targets):
        return _signed(wanted)
    reads = [_read(target, wanted.port) for target in wanted.targets]
    return [reads[number % len(reads)] for number in range(wanted.requests)]


def _read(target: Target, port: int) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in target.headers.items())
    return f"GET {target.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n".encode()


def _signed(wanted: Asked) -> list[bytes]:
    made: list[bytes] = []
    at = str(int(time.time()))
    every = round(1 / wanted.duplicates) if wanted.duplicates else wanted.requests + 1
    for number in range(wanted.requests):
        if number % every == every - 1 and len(made) > 100:
            made.append(made[-random.randint(50, 100)])
            continue
        target = wanted.targets[number % len(wanted.targets)]
        filler = secrets.token_hex(wanted.body_bytes)
        body = f'{{"number":{number},"text":"{filler}'.encode()[: wanted.body_bytes - 2] + b'"}'
        delivery = f"d-{secrets.token_hex(12)}"
        mac = hmac.new(
            (target.secret or "").encode(), f"{at}.{delivery}.".encode() + body, hashlib.sha256
        ).hexdigest()
        made.append(
            f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1:{wanted.port}\r\nContent-Type: application/json\r\n"
            f"X-Frontdesk-Delivery: {delivery}\r\nX-Frontdesk-Signature: t={at},v1={mac}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
    return made


async def main() -> None:
    """Load the port, and say how it went."""
    wanted = asked(Asked)
    requests = made_requests(wanted)
    load = Load(requests, wanted.rate, port=wanted.port, ids=wanted.ids)
    connections = [await load.open() for _ in range(wanted.connections)]
    took = await load.run(connections, wanted.seconds)
    ordered = sorted(load.seconds) or [0.0]
    answer(
        rate=sum(load.statuses.values()) / took,
        accepted=load.statuses[202],
        known=load.statuses[200],
        others=sum(load.statuses.values()) - load.statuses[202] - load.statuses[200],
        lost=load.lost_connections,
        exhausted=sum(load.statuses.values()) >= len(requests) - wanted.connections,
        statuses={str(status): count for status, count in load.statuses.items()},
        ids=sorted(load.accepted_ids),
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p95_ms=ordered[int(len(ordered) * 0.95)] * 1000,
        p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
    )


if __name__ == "__main__":
    uvloop.run(main())
