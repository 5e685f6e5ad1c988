"""Replicas of one service that the Observer looks at: one program, an address of the loopback net for each."""

from __future__ import annotations

import asyncio
import time

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from talk import answer, asked, told

from testkit.door import served
from testkit.replica import FakeReplica

_ROUTES, _MESSAGES = 10, 8


class Crowd(BaseModel):
    """How many there are."""

    count: int


def replica(host: str) -> FakeReplica:
    """One that shows about as many series as a service that has worked for a while."""
    made = FakeReplica("ocr", f"p-{host}")
    for number in range(_ROUTES):
        made.metrics.requested("GET", f"/api/v1/things{number}", 200, 0.01)
    for number in range(_MESSAGES):
        made.metrics.published(f"thing.number{number}.v1")
    return made


async def main() -> None:
    """Answer until nobody waits any more; `mood` changes the first replica, and is answered with the moment."""
    given = asked(Crowd)
    hosts = [f"127.0.1.{number}" for number in range(1, given.count + 1)]
    crowd = {host: replica(host) for host in hosts}
    handlers = {host: {route.path: route.endpoint for route in one.routes()} for host, one in crowd.items()}

    async def reply(request: Request) -> Response:
        for one in crowd.values():
            one.cpu.inc(0.001)
        found: Response = await handlers[request.url.hostname or ""][request.url.path](request)
        return found

    async with served([Route("/health", reply), Route("/metrics", reply)], host="0.0.0.0") as url:
        answer(addresses=[f"http://{host}:{url.rpartition(':')[2]}" for host in hosts])
        while (said := await told()) is not None:
            crowd[hosts[0]].mood = "failing" if said["mood"] == "failing" else "well"
            answer(at=time.time())


if __name__ == "__main__":
    asyncio.run(main())
