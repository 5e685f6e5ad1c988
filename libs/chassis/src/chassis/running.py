"""Run one service or several in this process, until a signal says stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Iterator, Sequence

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError

from chassis.connections import BoundedHeads
from chassis.migration import migrate
from chassis.service import Service
from chassis.settings import settings_flaws
from chassis.telemetry import configure_logs
from chassis.vault import SecretsNotRead

_log = structlog.get_logger("chassis.running")


class _Server(uvicorn.Server):
    """Uvicorn that leaves the process's signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Fleet:
    """Several services in one process, each with its own connections and port."""

    def __init__(self, services: Sequence[Service]) -> None:
        self.services = services
        self._servers: list[_Server] = []
        self._serving: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Serve HTTP first, so that services can ask each other, then hear."""
        for service in self.services:
            config = uvicorn.Config(
                service.app(), host=service.settings.http_host, port=service.settings.port, log_config=None,
                lifespan="off", access_log=False, server_header=False, timeout_graceful_shutdown=5, http=BoundedHeads,
            )  # fmt: skip
            server = _Server(config)
            self._servers.append(server)
            self._serving.append(asyncio.create_task(server.serve()))
        while not all(server.started for server in self._servers):
            for task in self._serving:
                if task.done():
                    task.result()
                    raise RuntimeError("an HTTP server ended while it started: is its port taken?")
            await asyncio.sleep(0.02)
        await asyncio.gather(*(service.start() for service in self.services))

    async def stop(self) -> None:
        """Stop listening, drain every service, close."""
        if len(self.services) > 1:
            # While all still answer: among them may be the Observer, which takes the spans of the others.
            await asyncio.gather(
                *(asyncio.to_thread(service.telemetry.shutdown) for service in self.services)
            )
        for service in self.services:
            service.stopping()
        for server in self._servers:
            server.should_exit = True
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.gather(*(service.stop() for service in self.services))


def run(create_service: Callable[[], Service], arguments: Sequence[str] | None = None) -> None:
    """The whole of a service's `__main__.py`: run it until SIGTERM or SIGINT, then drain.

    `python -m ocr migrate` instead brings its schema and its queues up to date and ends: the job that a release of this
    service alone begins with. Settings that are missing or wrong end it with one line that says which, and exit code 1.
    """
    verbs = list(sys.argv[1:] if arguments is None else arguments)
    if verbs not in ([], ["migrate"]):
        sys.exit(f"{' '.join(verbs)}: there is only one verb, migrate; without it the service runs")
    try:
        service = create_service()
    except ValidationError as error:
        sys.exit(f"the settings are not as they must be: {settings_flaws(error)}")
    except (SecretsNotRead, ValueError) as error:
        sys.exit(f"the settings are not as they must be: {error}")
    configure_logs(service.settings.log_level)
    uvloop.run(run_until_signal(Fleet([service])) if not verbs else prepare(service))


async def prepare(service: Service) -> None:
    """Bring a service's schema up to date, revision by revision, then declare its queues."""
    await migrate(service)
    queues = await service.declare()
    _log.info("prepared", service=service.name, version=service.version, queues=len(queues))


async def run_until_signal(fleet: Fleet, *, ready: Callable[[], None] | None = None) -> None:
    """Run a fleet until SIGTERM or SIGINT, then drain them; `ready` is called when all have started."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await fleet.start()
        spare_the_collector()
        if ready is not None:
            ready()
        await stop.wait()
    finally:
        await fleet.stop()


def spare_the_collector() -> None:
    """Have Python's collector look seldom, and never again at what was there when the process started.

    A message makes hundreds of short-lived objects and hardly a cycle: as set by default the collector took a
    third of the time of an event, and its full rounds stood in the way of every request of that moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
