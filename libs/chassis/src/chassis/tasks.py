"""A started service's tasks: its consumers, its relay, its background work, each started again when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog
from aio_pika.exceptions import AMQPError
from faststream import AckPolicy
from faststream.rabbit import Channel
from faststream.rabbit.subscriber import RabbitSubscriber

from chassis.broker import dead_letter_queue, dead_letters, events, replica_queue, work_queue
from chassis.delivery import bury_unheard, first_queue
from chassis.errors import OurOutage
from chassis.hearing import Ear
from chassis.inbox import Inbox, forget_old_entries
from chassis.router import Hearing, News
from chassis.telemetry import frames
from chassis.unit import Committer
from contracts.routing import dead_queue

if TYPE_CHECKING:
    from chassis.service import Service

GROUP_WORKERS = 1
"""Groups of one hearing at a time: what waits meanwhile makes the next group's parts larger."""
ALONE_WORKERS = 4
"""Transactions at a time of a hearing whose transactions are not shared."""
_log = structlog.get_logger("chassis.tasks")


class Running:
    """A started service's tasks."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.ears = [self._ear(hearing) for hearing in service.router.hearings]
        self._listening: list[asyncio.Task[None]] = []
        self._working: list[asyncio.Task[None]] = []

    async def start(self, background: dict[str, Callable[[], Awaitable[None]]]) -> None:
        """Take up the relay, the consumers, and the background work."""
        relay = self._service.relay
        own = {"relay": relay.run_own, "sweeper": relay.run_sweeper, "housekeeping": self._keep_house}
        for name, work in {**background, **own}.items():
            self._working.append(asyncio.create_task(self._for_ever(name, work)))
        for ear in self.ears:
            self._listening.append(asyncio.create_task(self._for_ever(ear.queue, partial(self._listen, ear))))
        self._listening.append(asyncio.create_task(self._for_ever("crash guard", self._listen_to_the_dead)))
        for news in self._service.router.news:
            listen = partial(self._listen_to_news, news)
            self._listening.append(asyncio.create_task(self._for_ever(news.message.__name__, listen)))

    async def stop(self) -> None:
        """Stop taking, settle what was taken, publish, then stop the rest."""
        await _end(self._listening)
        await asyncio.gather(*(ear.drain() for ear in self.ears))
        await self._service.relay.drain()
        await _end(self._working)

    async def _listen(self, ear: Ear) -> None:
        service = self._service
        queue = work_queue(service.name, ear.queue, ear.hearing.binding or ear.queue)
        channel = Channel(prefetch_count=ear.hearing.prefetch)
        if ear.hearing.binding is None:
            subscriber = service.broker.hearing.subscriber(
                queue, channel=channel, ack_policy=AckPolicy.MANUAL
            )
        else:
            subscriber = service.broker.hearing.subscriber(
                queue, events, channel=channel, ack_policy=AckPolicy.MANUAL
            )
        await self._with(subscriber, ear.listen)

    async def _listen_to_the_dead(self) -> None:
        service = self._service
        queue = dead_letter_queue(service.name, dead_queue(service.name))
        subscriber = service.broker.hearing.subscriber(
            queue, dead_letters, channel=Channel(prefetch_count=1), ack_policy=AckPolicy.MANUAL
        )
        by_queue = {ear.queue: ear for ear in self.ears}

        async def bury(subscriber: RabbitSubscriber) -> None:
            async for message in subscriber:
                came_from = first_queue(message.raw_message.headers) or queue.name
                ear = by_queue.get(came_from)
                if ear is not None:
                    await ear.once_alone(message)
                else:
                    await bury_unheard(service.dead_letters, came_from, message)
                await message.ack()

        await self._with(subscriber, bury)

    async def _listen_to_news(self, news: News) -> None:
        name = news.message.__name__
        queue = replica_queue(f"{self._service.name}.news.{name}.{uuid4().hex[:12]}", news.binding)
        subscriber = self._service.broker.hearing.subscriber(queue, events, ack_policy=AckPolicy.MANUAL)

        async def hear(subscriber: RabbitSubscriber) -> None:
            async for message in subscriber:
                await news.handler(news.message.read(message.raw_message.body))
                await message.ack()

        await self._with(subscriber, hear)

    async def _with(
        self, subscriber: RabbitSubscriber, listen: Callable[[RabbitSubscriber], Awaitable[None]]
    ) -> None:
        await subscriber.start()
        try:
            await listen(subscriber)
        finally:
            with suppress(Exception):
                await subscriber.stop()

    async def _keep_house(self) -> None:
        while True:
            await forget_old_entries(self._service.database)
            await self._service.intake.forget_old_receipts()
            await asyncio.sleep(3600)

    async def _for_ever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        pause = 0.5
        while True:
            began = monotonic()
            try:
                await work()
            except (Exception, asyncio.CancelledError) as error:  # said, and tried again
                if _is_being_cancelled():
                    raise
                words = str(error)[:300] if isinstance(error, AMQPError | OurOutage) else None
                _log.warning("stopped and will be started again", service=self._service.name, work=name,
                             error=type(error).__name__, words=words, at=frames(error))  # fmt: skip
            if monotonic() - began > 60:
                pause = 0.5
            await asyncio.sleep(pause)
            pause = min(pause * 2, 15.0)

    def _ear(self, hearing: Hearing) -> Ear:
        service = self._service
        inbox = Inbox(service.database, hearing.noun)
        committer = Committer(
            service.database, inbox, service.outbox, service.relay, service.effects, service.metrics,
            service=service.name, grouped=hearing.grouped,
            workers=GROUP_WORKERS if hearing.grouped else ALONE_WORKERS,
        )  # fmt: skip
        return Ear(
            service.name, hearing, database=service.database, outbox=service.outbox, inbox=inbox,
            committer=committer, dead_letters=service.dead_letters, metrics=service.metrics,
            telemetry=service.telemetry,
        )  # fmt: skip


def _is_being_cancelled() -> bool:
    """Whether somebody ends this task; aiormq also raises `CancelledError` when a connection is stuck."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
