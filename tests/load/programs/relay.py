"""Rows of the outbox published, confirmed and removed by the chassis's relay; or the same messages published bare."""

from __future__ import annotations

import asyncio
import time

import aio_pika
import uvloop
from documents import Ready, deliveries
from pydantic import BaseModel
from talk import answer, asked, in_parts

from chassis.outbox import OutboxRow
from chassis.telemetry import configure_logs
from contracts.routing import EXCHANGE
from testkit.probe.service import Probe, create_probe

IN_FLIGHT = 500
KEY = "document.unreadable.v1"


class Asked(BaseModel):
    """What is wanted."""

    amqp_url: str
    count: int
    warm_up: int
    tenants: int
    bare: bool


async def main() -> None:
    """Publish, one way or the other."""
    wanted = asked(Asked)
    messages = deliveries(wanted.count + wanted.warm_up, tenants=wanted.tenants, duplicates=0.0)
    publish = _bare if wanted.bare else _relayed
    answer(rate=await publish(wanted, messages))


async def _bare(wanted: Asked, messages: list[Ready]) -> float:
    """The floor: confirmed publishing, 500 in flight."""
    async with await aio_pika.connect_robust(wanted.amqp_url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        began, first = 0.0, 0
        for part in in_parts(len(messages), IN_FLIGHT):
            if not began and part.start >= wanted.warm_up:
                began, first = time.monotonic(), part.start
            await asyncio.gather(
                *(exchange.publish(messages[number].message(), routing_key=KEY) for number in part)
            )
        return (len(messages) - first) / (time.monotonic() - began)


async def _relayed(wanted: Asked, messages: list[Ready]) -> float:
    """The product: rows are stored and committed beforehand; the clock runs while they leave."""
    configure_logs("WARNING")
    service = create_probe(Probe())
    await service.broker.start()
    running = asyncio.create_task(service.relay.run_own())
    rows = [OutboxRow(one.message_id, KEY, one.headers, one.body, one.tenant_id) for one in messages]
    for part in in_parts(len(rows), IN_FLIGHT):
        async with service.database.connection() as connection:
            await service.outbox.add(connection, [rows[number] for number in part])
    await asyncio.wait(service.relay.submit(rows[: wanted.warm_up]))
    began = time.monotonic()
    await asyncio.wait(service.relay.submit(rows[wanted.warm_up :]))
    while (await service.outbox.state())[0]:
        await asyncio.sleep(0.002)
    took = time.monotonic() - began
    running.cancel()
    await service.broker.stop()
    await service.database.close()
    return wanted.count / took


if __name__ == "__main__":
    uvloop.run(main())
