"""Run a real service against the tests' broker and database."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import httpx

from chassis.migration import migrate
from chassis.running import Fleet
from chassis.service import Service
from frontdesk.fleet.roster import environ
from testkit.wire import Wire, tapped


class RunningService:
    """A service that runs, with a tap on the wire and an HTTP client that carries the service token."""

    def __init__(self, service: Service, wire: Wire, http: httpx.AsyncClient) -> None:
        self.service = service
        self.wire = wire
        self.http = http


@asynccontextmanager
async def running(
    create: Callable[[], Service], environment: Mapping[str, str]
) -> AsyncIterator[RunningService]:
    """Make a service from the environment, migrate, declare, start; drain and stop it at the end.

    `create` makes the service; it reads the given environment and a free `HTTP_PORT`.
    """
    with environ({"HTTP_PORT": str(free_port()), **environment}):
        service = create()
    await migrate(service)
    await service.declare()
    fleet = Fleet([service])
    token = service.settings.service_token.get_secret_value()
    url = f"http://127.0.0.1:{service.settings.port}"
    async with (
        tapped(service.settings.amqp_url.get_secret_value()) as wire,
        httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ) as http,
    ):
        await fleet.start()
        try:
            await _ready(http)
            yield RunningService(service, wire, http)
        finally:
            await fleet.stop()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def _ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (await http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)
