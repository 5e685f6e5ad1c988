"""The floor of HTTP: one FastAPI route that reads its body and says yes; with `publishing`, after one confirmed publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import uvicorn
import uvloop
from fastapi import FastAPI, Request
from pydantic import BaseModel
from talk import answer, asked, resident_megabytes, told

from chassis.broker import events
from contracts.envelope import new_id
from contracts.routing import routing_key
from contracts.webhooks.v1 import WebhookReceived


class Asked(BaseModel):
    """What is wanted."""

    port: int
    amqp_url: str | None = None


class _Server(uvicorn.Server):
    """Uvicorn that says when it serves."""

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        answer(ready=True)


def bare() -> FastAPI:
    """Nothing but the framework."""
    app = FastAPI()

    @app.post("/webhooks/{source}/{hook_id}", status_code=202)
    async def accept(source: str, hook_id: str, request: Request) -> dict[str, str]:
        await request.body()
        return {"id": "0198f6f2-7f5c-7000-8000-000000000000"}

    return app


def publishing(amqp_url: str) -> FastAPI:
    """The framework, and one publish with its confirm per request."""
    exchanges: list[aio_pika.abc.AbstractExchange] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with await aio_pika.connect_robust(amqp_url) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchanges.append(await channel.get_exchange(events.name, ensure=False))
            yield

    app = FastAPI(lifespan=lifespan)
    key = routing_key(WebhookReceived)

    @app.post("/webhooks/{source}/{hook_id}", status_code=202)
    async def accept(source: str, hook_id: str, request: Request) -> dict[str, str]:
        message_id = new_id()
        message = aio_pika.Message(
            await request.body(), message_id=message_id, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await exchanges[0].publish(message, routing_key=key)
        return {"id": message_id}

    return app


async def main() -> None:
    """Serve until the benchmark is gone."""
    wanted = asked(Asked)
    app = publishing(wanted.amqp_url) if wanted.amqp_url else bare()
    server = _Server(
        uvicorn.Config(app, port=wanted.port, log_config=None, access_log=False, server_header=False)
    )
    serving = asyncio.create_task(server.serve())
    while await told() is not None:
        answer(megabytes=resident_megabytes())
    server.should_exit = True
    await serving


if __name__ == "__main__":
    uvloop.run(main())
