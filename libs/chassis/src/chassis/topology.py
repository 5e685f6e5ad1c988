"""The queues of a service on the broker, declared before anybody starts, so that nothing said early is lost."""

from __future__ import annotations

from collections.abc import Iterable

from faststream.rabbit import RabbitBroker

from chassis.broker import dead_letter_queue, dead_letters, events, work_queue
from chassis.router import Hearing
from contracts.routing import dead_queue


async def declare(amqp_url: str, service: str, hearings: Iterable[Hearing]) -> list[str]:
    """Declare a service's exchanges, queues and bindings; returns the queues' names.

    Raises what aio-pika raises when the broker refuses, such as a queue that stands there with other arguments.
    """
    names: list[str] = []
    async with RabbitBroker(amqp_url, logger=None) as broker:
        exchange = await broker.declare_exchange(events)
        dead_exchange = await broker.declare_exchange(dead_letters)
        dead = dead_letter_queue(service, dead_queue(service))
        await (await broker.declare_queue(dead)).bind(dead_exchange, routing_key=service)
        names.append(dead.name)
        for hearing in hearings:
            name = hearing.queue(service)
            queue = await broker.declare_queue(work_queue(service, name, hearing.binding or name))
            if hearing.binding is not None:
                await queue.bind(exchange, routing_key=hearing.binding)
            names.append(name)
    return names
