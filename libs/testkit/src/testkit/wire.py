"""A tap on the broker: says messages as a service would, and hears everything that is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage

from contracts.envelope import Envelope, Message, new_id
from contracts.routing import EXCHANGE, routing_key

_Said = TypeVar("_Said", bound=Message)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it was on the wire."""

    envelope: Envelope
    body: bytes


class Wire:
    """What a test says and hears."""

    def __init__(self, exchange: AbstractExchange) -> None:
        self._exchange = exchange
        self.heard_all: list[Heard] = []
        self._news = asyncio.Condition()

    async def say(
        self, message: Message, *, tenant_id: str, message_id: str | None = None, correlation_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Envelope:  # fmt: skip
        """Publish a message as some other service would; returns its envelope."""
        message_id = message_id or new_id()
        envelope = Envelope(
            id=message_id,
            type=routing_key(type(message)),
            source="test",
            subject=message.ce_subject,
            time=datetime.now(UTC),
            tenant_id=tenant_id,
            correlation_id=correlation_id or message_id,
        )
        body = message.model_dump_json(exclude_none=True).encode()
        await self.say_raw(envelope.type, {**envelope.headers(), **(headers or {})}, body, message_id)
        return envelope

    async def say_raw(self, key: str, headers: dict[str, str], body: bytes, message_id: str) -> None:
        """Publish bytes under a routing key."""
        await self._exchange.publish(
            aio_pika.Message(
                body,
                headers=dict(headers),
                content_type="application/json",
                message_id=message_id,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            ),
            routing_key=key,
        )

    def all(self, kind: type[_Said], *, correlation_id: str | None = None) -> list[_Said]:
        """Every message of a class heard so far, oldest first."""
        return [
            kind.read(heard.body)
            for heard in self.heard_all
            if heard.envelope.type == routing_key(kind)
            and (correlation_id is None or heard.envelope.correlation_id == correlation_id)
        ]

    async def heard(
        self, kind: type[_Said], where: Callable[[_Said], bool] = lambda _: True, *, within: float = 20.0
    ) -> _Said:
        """Wait until a fitting message was heard, before or after this call. Raises `TimeoutError` with what was."""
        try:
            async with asyncio.timeout(within), self._news:
                while True:
                    found = next((message for message in self.all(kind) if where(message)), None)
                    if found is not None:
                        return found
                    await self._news.wait()
        except TimeoutError as error:
            said = ", ".join(heard.envelope.type for heard in self.heard_all) or "nothing"
            raise TimeoutError(
                f"no fitting {kind.__name__} within {within} s; heard: {said}; of it: {self.all(kind)}"
            ) from error

    async def on_message(self, message: AbstractIncomingMessage) -> None:
        """Note a message; for the tap's own consumer."""
        headers = {name: str(value) for name, value in message.headers.items()}
        if "ce-tenantid" in headers:
            async with self._news:
                self.heard_all.append(Heard(Envelope.of(headers), message.body))
                self._news.notify_all()


@asynccontextmanager
async def tapped(amqp_url: str) -> AsyncIterator[Wire]:
    """A tap on a broker's events, from now on."""
    connection = await aio_pika.connect_robust(amqp_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "#")
        wire = Wire(exchange)
        await queue.consume(wire.on_message, no_ack=True)
        yield wire
