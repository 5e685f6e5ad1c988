"""How much waits to be heard: asked of the broker, before silence is taken for silence."""

from __future__ import annotations

from faststream.rabbit import RabbitQueue

from chassis.broker import Broker
from contracts.operations.v1 import WatchKept
from contracts.routing import queue_name


class WatchQueue:
    """The port `Queue`: the service's own queue of `WatchKept`."""

    def __init__(self, broker: Broker, service: str) -> None:
        self._broker = broker
        self._queue = RabbitQueue(queue_name(service, WatchKept), durable=True, declare=False)

    async def waiting(self) -> int:
        """How many signs of life wait in the queue; those that are being handled are no part of it."""
        queue = await self._broker.hearing.declare_queue(self._queue)
        found = await queue.channel.get_underlay_channel()
        declared = await found.queue_declare(self._queue.name, passive=True)
        return declared.message_count or 0
