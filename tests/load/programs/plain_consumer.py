"""The floor of hearing: aio-pika consumes, decodes and acknowledges, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from documents import QUEUE
from pydantic import BaseModel
from talk import answer, asked


class Asked(BaseModel):
    """What is wanted."""

    amqp_url: str
    count: int
    warm_up: int
    prefetch: int


async def main() -> None:
    """Empty the queue."""
    wanted = asked(Asked)
    done = asyncio.Event()
    seen = 0
    began = ended = cpu = 0.0

    async def hear(message: AbstractIncomingMessage) -> None:
        nonlocal seen, began, ended, cpu
        json.loads(message.body)
        await message.ack()
        seen += 1
        if seen == wanted.warm_up:
            began, cpu = time.monotonic(), time.process_time()
        if seen == wanted.count:
            ended = time.monotonic()
            cpu = time.process_time() - cpu
            done.set()

    async with await aio_pika.connect_robust(wanted.amqp_url) as connection:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=wanted.prefetch)
        queue = await channel.get_queue(QUEUE, ensure=False)
        await queue.consume(hear)
        await done.wait()
    measured = wanted.count - wanted.warm_up
    answer(rate=measured / (ended - began), cpu_us=cpu / measured * 1e6)


if __name__ == "__main__":
    uvloop.run(main())
