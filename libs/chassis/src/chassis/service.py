"""A service: what it hears, serves and runs, put together in its `app.py`, started and stopped in one order."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.metadata import version as distribution_version
from pathlib import Path
from time import monotonic
from uuid import uuid4

import structlog
from aio_pika.exceptions import AMQPError
from fastapi import APIRouter, Depends
from faststream import AckPolicy
from faststream.rabbit import Channel
from faststream.rabbit.subscriber import RabbitSubscriber
from starlette.routing import Route
from starlette.types import ASGIApp

from chassis.blobs import Blobs
from chassis.broker import Broker, dead_letter_queue, dead_letters, events, replica_queue, work_queue
from chassis.database import Database
from chassis.dead_letters import DeadLetters
from chassis.effects import Effects
from chassis.errors import OurOutage
from chassis.health import Health
from chassis.hearing import Ear, first_queue
from chassis.http import Measured, Plain, caller_of, create_app
from chassis.inbox import Inbox, forget_old_entries
from chassis.intake import Intake
from chassis.metrics import Metrics
from chassis.outbox import Outbox, Relay
from chassis.router import Hearing, Router
from chassis.settings import Settings
from chassis.telemetry import Telemetry, frames
from chassis.tenants import Tenants
from chassis.topology import declare
from chassis.unit import Committer, Outcome, UnitOfWork
from chassis.units import Units
from contracts.routing import dead_queue
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured

GROUP_WORKERS = 1
"""Groups of one hearing at a time: what waits meanwhile makes the next group's parts larger."""
ALONE_WORKERS = 4
"""Transactions at a time of a hearing whose transactions are not shared."""
_log = structlog.get_logger("chassis.service")


class Service:
    """One service of the fleet. A composition root makes it, and tells it what it hears, serves and runs.

    `name` is the deployed name in kebab-case; the package, the schema and the migrations follow from it.
    """

    def __init__(self, name: str, settings: Settings, *, migrations: Path | None = None) -> None:
        self.name = name
        self.schema = name.replace("-", "_")
        self.settings = settings
        self.version = distribution_version("frontdesk-chassis")
        self.migrations = migrations or _migrations_of(self.schema)
        self.metrics = Metrics(name)
        self.telemetry = Telemetry(name, settings)
        self.database = Database(self.schema, settings)
        self.broker = Broker(name, settings)
        self.outbox = Outbox(self.database)
        self.relay = Relay(self.outbox, self.broker, self.metrics)
        self.effects = Effects(self.database)
        self.units = Units(name, self.database, self.outbox, self.relay, self.effects)
        self.dead_letters = DeadLetters(self.database, self.outbox)
        self.intake = Intake(name, self.database, self.outbox, self.relay, self.broker)
        self.blobs = Blobs(settings.blob_url)
        self.tenants = Tenants(settings)
        self.router = Router()
        self.hears(self._own_router())
        self._routers: list[APIRouter] = []
        self._mounts: list[Route] = []
        self._background: dict[str, Callable[[], Awaitable[None]]] = {}
        self._notes: list[Callable[[], Sequence[str]]] = []
        self._when_reconnected: list[Callable[[], None]] = [self.tenants.forget]
        self._running: Running | None = None

    def hears(self, router: Router) -> None:
        """Hear what a router declares. Raises `ValueError` when a message is heard twice."""
        for hearing in router.hearings:
            if any(
                known.noun == hearing.noun and known.message is hearing.message
                for known in self.router.hearings
            ):
                raise ValueError(f"{self.name} hears {hearing.noun} twice")
            self.router.hearings.append(hearing)
        self.router.news.extend(router.news)

    def serves(self, router: APIRouter) -> None:
        """Serve routes that want a service or admin token."""
        self._routers.append(router)

    def mounts(self, routes: Sequence[Route]) -> None:
        """Serve routes of the service's own making, which check their callers themselves."""
        self._mounts.extend(routes)

    def runs(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run something as long as the service runs; started again with back-off when it fails."""
        self._background[name] = work

    def notes(self, look: Callable[[], Sequence[str]]) -> None:
        """Show what `look` returns in /health: each a sentence about what is not well."""
        self._notes.append(look)

    def when_reconnected(self, call: Callable[[], None]) -> None:
        """Call this when the broker is back: news may have been missed."""
        self._when_reconnected.append(call)

    @property
    def description(self) -> str:
        """What the service does: the docstring of its package."""
        module = sys.modules.get(self.schema)
        return inspect.cleandoc(module.__doc__ or "") if module is not None else ""

    def app(self) -> ASGIApp:
        """The HTTP application."""
        app = create_app(self.name, self.version, self.description, self.settings)
        health = Health(
            self.name, self.version, self.database, self.broker, self.outbox, self.metrics,
            ears=lambda: self._running.ears if self._running else [],
            notes=lambda: [note for look in self._notes for note in look()], began=monotonic(),
        )  # fmt: skip
        app.include_router(health.router())
        for router in self._routers:
            app.include_router(router, dependencies=[Depends(caller_of)])
        return Measured(Plain(self._mounts, app), self.metrics, self.telemetry)

    @property
    def listening(self) -> bool:
        """Whether the service runs and each declared consumer is there."""
        return self._running is not None and all(ear.listening for ear in self._running.ears)

    async def declare(self) -> list[str]:
        """Declare the service's queues on the broker; returns their names."""
        return await declare(self.settings.amqp_url.get_secret_value(), self.name, self.router.hearings)

    async def start(self) -> None:
        """Connect, take up the consumers and the background work."""
        await self.broker.start()
        for call in self._when_reconnected:
            self.broker.when_reconnected(call)
        self._running = Running(self)
        await self._running.start(self._background)
        _log.info("started", service=self.name, version=self.version)

    async def stop(self) -> None:
        """Drain: take nothing more, settle what was taken, publish what was written, then disconnect."""
        if self._running is not None:
            await self._running.stop()
            self._running = None
        await self.broker.stop()
        await self.tenants.close()
        await self.database.close()
        self.telemetry.shutdown()
        _log.info("stopped", service=self.name)

    def _own_router(self) -> Router:
        """What every service hears: changes of credentials and configuration."""
        router = Router()

        @router.on(CredentialsChanged)
        async def on_credentials_changed(event: CredentialsChanged, _: UnitOfWork) -> Outcome | None:
            self.tenants.forget(event.tenant_id)
            await self.outbox.release(event.tenant_id, event.credential)
            return None

        @router.on_every_replica(CredentialsChanged)
        async def on_new_credentials(event: CredentialsChanged) -> None:
            self.tenants.forget(event.tenant_id)

        @router.on_every_replica(TenantConfigured)
        async def on_tenant_configured(event: TenantConfigured) -> None:
            self.tenants.forget(event.tenant_id)

        return router


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
            listen = partial(self._listen_to_news, news.message.__name__, news)
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
                ear = by_queue.get(first_queue(message.raw_message.headers) or "", self.ears[0])
                await ear.once_alone(message)
                await message.ack()

        await self._with(subscriber, bury)

    async def _listen_to_news(self, name: str, news: object) -> None:
        from chassis.router import News

        assert isinstance(news, News)
        hearing = Hearing(news.message, _unused, False, 1)
        queue = replica_queue(f"{self._service.name}.news.{name}.{uuid4().hex[:12]}", hearing.binding or "")
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


async def _unused(*_: object) -> None:
    return None


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _migrations_of(package: str) -> Path:
    """`migrations/` beside `src/` of the service's member of the workspace."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"the service's package {package} is not installed")
    return Path(found.origin).parents[2] / "migrations"
