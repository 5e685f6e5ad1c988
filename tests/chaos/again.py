"""The broker as at-least-once allows it to be: some messages are delivered a second time, a while later."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

from contracts.routing import EXCHANGE

_MARK = "x-chaos-again"
_FORCED = "message.received.v1"
"""What a person's letter becomes: handled twice, it would be answered twice."""


class Again:
    """Hears everything that is said, and says a share of it once more under the same id."""

    def __init__(self, dice: random.Random, share: float) -> None:
        self.said = 0
        self.repeated = 0
        self._dice = dice
        self._share = share
        self._letters: list[AbstractIncomingMessage] = []
        self._exchange: aio_pika.abc.AbstractExchange | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    async def hear(self, message: AbstractIncomingMessage) -> None:
        """Take note of one message, and perhaps say it again within a few seconds."""
        if _MARK in message.headers:
            return
        self.said += 1
        if message.routing_key == _FORCED:
            self._letters.append(message)
        if self._dice.random() < self._share:
            task = asyncio.create_task(self._later(message, self._dice.uniform(0.1, 8.0)))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def letters_once_more(self, most: int = 20) -> int:
        """Say letters again that were answered long ago; returns how many."""
        await asyncio.gather(*self._waiting)
        chosen = self._dice.sample(self._letters, min(most, len(self._letters)))
        for message in chosen:
            await self._say(message)
        return len(chosen)

    def publish_by(self, exchange: aio_pika.abc.AbstractExchange) -> None:
        """Where to say things again."""
        self._exchange = exchange

    async def _later(self, message: AbstractIncomingMessage, seconds: float) -> None:
        await asyncio.sleep(seconds)
        # While the broker is down nothing is said twice; another message will be.
        with contextlib.suppress(AMQPError, ConnectionError, TimeoutError, RuntimeError):
            await self._say(message)

    async def _say(self, message: AbstractIncomingMessage) -> None:
        assert self._exchange is not None
        assert message.routing_key is not None
        copy = aio_pika.Message(
            message.body, headers={**message.headers, _MARK: 1}, content_type=message.content_type,
            message_id=message.message_id, delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )  # fmt: skip
        await self._exchange.publish(copy, routing_key=message.routing_key, timeout=10)
        self.repeated += 1


@asynccontextmanager
async def saying_again(amqp_url: str, again: Again) -> AsyncIterator[Again]:
    """Listen for as long as the block lasts, through restarts of the broker."""
    connection = await aio_pika.connect_robust(amqp_url, reconnect_interval=1)
    try:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EXCHANGE)
        queue = await channel.declare_queue("chaos.again", durable=True)
        await queue.bind(exchange, routing_key="#")
        again.publish_by(exchange)
        await queue.consume(again.hear, no_ack=True)
        yield again
    finally:
        with contextlib.suppress(AMQPError, ConnectionError, TimeoutError, RuntimeError):
            await connection.close()
