"""A service: what it hears, serves and runs, put together in its `app.py`, started and stopped in one order."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic

import structlog
from fastapi import APIRouter, Depends
from starlette.routing import Route
from starlette.types import ASGIApp

from chassis.blobs import Blobs
from chassis.broker import Broker
from chassis.callers import admitted
from chassis.calls import watch_statements
from chassis.database import Database
from chassis.dead_letters import DeadLetter
from chassis.desk import Desk
from chassis.desk_routes import desk_router
from chassis.effects import Effects
from chassis.health import Health
from chassis.http import Measured, Plain, create_app
from chassis.intake import Intake
from chassis.mending import known_class
from chassis.metrics import Metrics, product_version
from chassis.outbox import Outbox
from chassis.relay import Relay
from chassis.router import Router
from chassis.settings import Settings, schema_of
from chassis.tasks import Running
from chassis.telemetry import Telemetry
from chassis.tenants import Tenants
from chassis.topology import declare
from chassis.unit import Outcome, UnitOfWork
from chassis.units import Units
from contracts.envelope import Message
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured

_log = structlog.get_logger("chassis.service")


class Service:
    """One service of the fleet. A composition root makes it, and tells it what it hears, serves and runs.

    `name` is the deployed name in kebab-case; the package, the schema and the migrations follow from it.
    """

    def __init__(self, name: str, settings: Settings, *, migrations: Path | None = None) -> None:
        self.name = name
        self.schema = schema_of(name)
        self.settings = settings
        self.version = product_version()
        self.migrations = migrations or _migrations_of(self.schema)
        self.metrics = Metrics(name)
        self.telemetry = Telemetry(name, settings, self.metrics.spans_dropped)
        self.database = Database(self.schema, settings)
        if self.telemetry.exports:
            watch_statements(self.database.engine.sync_engine, settings.slow_span_seconds)
        self.broker = Broker(name, settings)
        self.outbox = Outbox(self.database)
        self.relay = Relay(self.outbox, self.broker, self.metrics)
        self.effects = Effects(self.database)
        self.units = Units(name, self.database, self.outbox, self.relay, self.effects)
        self.desk = Desk(self.database, self.outbox, self._class_of)
        self.dead_letters = self.desk.letters
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
        self._when_stopping: list[Callable[[], None]] = []
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
        """Serve routes that let in whom `chassis.callers.admitted` lets in."""
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

    def when_stopping(self, call: Callable[[], None]) -> None:
        """Call this when a stop begins, while requests are still answered: answers that have no end by themselves end here."""
        self._when_stopping.append(call)

    def stopping(self) -> None:
        """A stop begins."""
        for call in self._when_stopping:
            call()

    @property
    def description(self) -> str:
        """What the service does: the docstring of its package."""
        module = sys.modules.get(self.schema)
        return inspect.cleandoc(module.__doc__ or "") if module is not None else ""

    def app(self) -> ASGIApp:
        """The HTTP application."""
        app = create_app(self.name, self.version, self.description, self.settings)
        health = Health(
            self.name, self.version, self.database, self.broker, self.outbox, self.dead_letters, self.metrics,
            ears=lambda: self._running.ears if self._running else [],
            notes=lambda: [note for look in self._notes for note in look()], began=monotonic(),
        )  # fmt: skip
        app.include_router(health.router())
        for router in (*self._routers, desk_router(self.desk)):
            app.include_router(router, dependencies=[Depends(admitted)])
        return Measured(Plain(self._mounts, app), self.metrics, self.telemetry)

    @property
    def endpoints(self) -> list[str]:
        """What the service's requests are measured by: method and template, as in `GET /api/v1/leads`."""
        routes = (*self._mounts, *(route for router in self._routers for route in router.routes))
        return sorted(
            f"{method} {route.path}"
            for route in routes
            if isinstance(route, Route)
            for method in route.methods or ()
        )

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
        await asyncio.to_thread(self.telemetry.shutdown)
        _log.info("stopped", service=self.name)

    def _class_of(self, letter: DeadLetter) -> type[Message] | None:
        """The class of a dead letter's message: a hearing's own, which knows the timers too, else the catalogue's."""
        heard = [hearing for hearing in self.router.hearings if hearing.queue(self.name) == letter.queue]
        if heard and heard[0].message is not None:
            return heard[0].message
        return known_class(letter.routing_key)

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


def _migrations_of(package: str) -> Path:
    """`migrations/` beside `src/` of the service's member of the workspace."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"the service's package {package} is not installed")
    return Path(found.origin).parents[2] / "migrations"
