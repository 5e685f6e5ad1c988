"""Makes the gateway's schema and queues, and a queue that hears webhooks."""

from __future__ import annotations

import asyncio

import aio_pika
from talk import answer

from chassis.migration import migrate
from contracts.routing import EXCHANGE, routing_key
from contracts.webhooks.v1 import WebhookReceived
from gateway.app import create_service


async def main() -> None:
    """Migrate and declare."""
    service = create_service()
    await migrate(service)
    await service.declare()
    async with await aio_pika.connect_robust(service.settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        heard = await channel.declare_queue(
            "bench.webhooks", durable=True, arguments={"x-queue-type": "quorum"}
        )
        await heard.bind(EXCHANGE, routing_key(WebhookReceived))
    answer(queues=1)


if __name__ == "__main__":
    asyncio.run(main())
