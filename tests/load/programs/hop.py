"""One hop while nothing else happens: a transaction says an event, and the next handler starts; or a bare publish."""

from __future__ import annotations

import asyncio
import time

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from documents import QUEUE, document, encoded, tenant
from pydantic import BaseModel
from talk import answer, asked

from chassis.telemetry import configure_logs
from chassis.unit import UnitOfWork
from contracts.documents.v1 import DocumentReceived
from testkit.probe.service import Probe, create_probe

PAUSE = 0.02


class Asked(BaseModel):
    """What is wanted."""

    amqp_url: str
    count: int
    tenants: int
    bare: bool


async def main() -> None:
    """Measure, one way or the other."""
    wanted = asked(Asked)
    milliseconds = await (_bare(wanted) if wanted.bare else _through_the_chassis(wanted))
    answer(milliseconds=[round(one, 3) for one in milliseconds[wanted.count // 10 :]])


async def _through_the_chassis(wanted: Asked) -> list[float]:
    """From the end of the transaction's block, so that the commit is in it, to the first line of the handler."""
    configure_logs("WARNING")
    probe = Probe()
    started: dict[str, asyncio.Future[float]] = {}

    async def note(event: DocumentReceived, _: UnitOfWork) -> None:
        if event.document_id in started:
            started[event.document_id].set_result(time.monotonic())

    probe.work = note
    service = create_probe(probe)
    await service.start()
    while not service.listening:
        await asyncio.sleep(0.05)
    found: list[float] = []
    for number in range(wanted.count):
        event = document(number)
        started[event.document_id] = asyncio.get_running_loop().create_future()
        async with service.units.begin(tenant(number, wanted.tenants)) as transaction:
            transaction.say(event)
            ended = time.monotonic()
        found.append((await started[event.document_id] - ended) * 1000)
        await asyncio.sleep(PAUSE)
    await service.stop()
    return found


async def _bare(wanted: Asked) -> list[float]:
    """The floor: a persistent publish, its confirm awaited, to the first line of a callback; no database."""
    started: dict[str, asyncio.Future[float]] = {}

    async def hear(message: AbstractIncomingMessage) -> None:
        if message.message_id in started:
            started[message.message_id].set_result(time.monotonic())
        await message.ack()

    found: list[float] = []
    async with await aio_pika.connect_robust(wanted.amqp_url) as connection:
        channel = await connection.channel()
        await (await channel.get_queue(QUEUE, ensure=False)).consume(hear)
        for number in range(wanted.count):
            ready = encoded(document(number), tenant(number, wanted.tenants))
            started[ready.message_id] = asyncio.get_running_loop().create_future()
            began = time.monotonic()
            await channel.default_exchange.publish(ready.message(), routing_key=QUEUE)
            found.append((await started[ready.message_id] - began) * 1000)
            await asyncio.sleep(PAUSE)
    return found


if __name__ == "__main__":
    uvloop.run(main())
