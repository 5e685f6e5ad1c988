"""The connections to RabbitMQ of one service: one to hear by, one to publish by.

FastStream holds the connections, the declarations and the parsing. Publishing has a broker object of its own, because
FastStream's publishers borrow channels; its channel raises on an unroutable message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import aio_pika
import aiormq
from aio_pika.abc import AbstractRobustExchange
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue

from chassis.frames import Outgoing
from chassis.publishing import publish_batch
from chassis.settings import Settings
from contracts.routing import DEAD_LETTER_EXCHANGE, EXCHANGE

PUBLISH_SECONDS = 15.0
DELIVERY_LIMIT = 20
"""How often the broker redelivers before its dead-letter exchange takes over: the crash guard, not the retry budget."""

events = RabbitExchange(EXCHANGE, type=ExchangeType.TOPIC, durable=True)
dead_letters = RabbitExchange(DEAD_LETTER_EXCHANGE, type=ExchangeType.DIRECT, durable=True)


class Broker:
    """RabbitMQ, as one service uses it."""

    def __init__(self, service: str, settings: Settings) -> None:
        url = settings.amqp_url.get_secret_value()
        self.url = url + ("&" if "?" in url else "?") + f"heartbeat=15&name=frontdesk-{service}"
        self.hearing = RabbitBroker(
            self.url,
            logger=None,
            fail_fast=False,
            reconnect_interval=1.0,
            on_reconnected=(self._on_reconnected,),
        )
        self._publishing = RabbitBroker(
            self.url,
            logger=None,
            fail_fast=False,
            reconnect_interval=1.0,
            default_channel=Channel(publisher_confirms=True, on_return_raises=True),
        )
        self._events: AbstractRobustExchange | None = None
        self._when_reconnected: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Connect both, waiting for the broker as long as it takes."""
        await self.hearing.connect()
        await self._publishing.connect()
        self._events = await self._publishing.declare_exchange(events)

    async def stop(self) -> None:
        """Close both connections."""
        await self.hearing.stop()
        await self._publishing.stop()

    async def publish_all(self, batch: Sequence[Outgoing]) -> list[BaseException | None]:
        """Publish many at once; for each None when the broker confirmed it, else what went wrong."""
        if not isinstance(self._events, aio_pika.Exchange):
            raise ConnectionError("the broker was not started")
        if self._events.channel.is_closed:
            raise ConnectionError("the connection to the broker is closed")
        async with asyncio.timeout(PUBLISH_SECONDS):
            channel = await self._events.channel.get_underlay_channel()
        assert isinstance(channel, aiormq.Channel)
        return await publish_batch(channel, batch, seconds=PUBLISH_SECONDS)

    async def connected(self) -> bool:
        """Whether both connections stand."""
        return await self.hearing.ping(timeout=2.0) and await self._publishing.ping(timeout=2.0)

    def when_reconnected(self, call: Callable[[], None]) -> None:
        """Call this after each reconnection: what was said meanwhile to every replica was missed."""
        self._when_reconnected.append(call)

    def _on_reconnected(self, *_: object) -> None:
        for call in self._when_reconnected:
            call()


def work_queue(service: str, name: str, routing_key: str) -> RabbitQueue:
    """A service's durable queue: quorum, with the crash guard behind it."""
    return RabbitQueue(
        name,
        queue_type=QueueType.QUORUM,
        durable=True,
        routing_key=routing_key,
        arguments={
            "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
            "x-dead-letter-routing-key": service,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            "x-delivery-limit": DELIVERY_LIMIT,
        },
    )


def dead_letter_queue(service: str, name: str) -> RabbitQueue:
    """Where the broker puts what a service could not settle: quorum, without a limit of its own."""
    return RabbitQueue(name, queue_type=QueueType.QUORUM, durable=True, routing_key=service)


def replica_queue(name: str, routing_key: str) -> RabbitQueue:
    """One process's own queue for news: gone when the process is."""
    return RabbitQueue(
        name,
        queue_type=QueueType.CLASSIC,
        durable=False,
        exclusive=True,
        auto_delete=True,
        routing_key=routing_key,
    )
