"""Fills the probe's queue with documents, and binds a queue for what the probe says about them."""

from __future__ import annotations

import aio_pika
import uvloop
from documents import QUEUE, deliveries, publish
from pydantic import BaseModel
from talk import answer, asked

from contracts.documents.v1 import DocumentUnreadable
from contracts.routing import EXCHANGE, routing_key


class Asked(BaseModel):
    """What is wanted."""

    amqp_url: str
    count: int
    tenants: int
    duplicates: float


async def main() -> None:
    """Fill the queue."""
    wanted = asked(Asked)
    async with await aio_pika.connect_robust(wanted.amqp_url) as connection:
        channel = await connection.channel()
        heard = await channel.declare_queue("bench.heard", durable=True, arguments={"x-queue-type": "quorum"})
        await heard.bind(EXCHANGE, routing_key(DocumentUnreadable))
        await heard.purge()
        await (await channel.get_queue(QUEUE, ensure=False)).purge()
        made = deliveries(wanted.count, tenants=wanted.tenants, duplicates=wanted.duplicates)
        await publish(channel.default_exchange, QUEUE, made)
    answer(distinct=len({one.message_id for one in made}))


if __name__ == "__main__":
    uvloop.run(main())
