"""One instance of the local stack, known by its folder."""

import fcntl
import shutil
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frontdesk.stack import ports
from frontdesk.stack.broker import Broker
from frontdesk.stack.errors import StackError
from frontdesk.stack.plan import BROKER_PORTS, keep_plan, load_plan
from frontdesk.stack.postgres import Postgres
from frontdesk.stack.surroundings import surroundings

__all__ = ["Stack", "StackError"]


@dataclass(frozen=True)
class Stack:
    """A broker and a database of one's own under a folder; both keep their data over a restart.

    `AMQP_URL` and `DATABASE_URL` in the environment replace the respective piece, which is then not started.
    """

    folder: Path
    given: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path, given: Mapping[str, str] | None = None) -> "Stack":
        """The stack of this folder; nothing is started yet. `given` is what surrounds us, unless told otherwise."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder.resolve(), dict(surroundings() if given is None else given))

    def start(self) -> None:
        """Start what is not running, both pieces at once, and wait until they serve."""
        with self._alone():
            self._move_from_taken_ports()
            pieces: list[Broker | Postgres] = []
            if not self.given.get("AMQP_URL"):
                pieces.append(self.broker)
            if not self.given.get("DATABASE_URL"):
                pieces.append(self.postgres)
            with ThreadPoolExecutor() as both:
                for started in [both.submit(piece.start) for piece in pieces]:
                    started.result()

    def stop(self) -> None:
        """Stop both in order; no process stays behind."""
        with self._alone(), ThreadPoolExecutor() as both:
            for stopped in [both.submit(piece.stop) for piece in (self.broker, self.postgres)]:
                stopped.result()

    def running(self) -> bool:
        """Whether every piece of our own lives."""
        broker = bool(self.given.get("AMQP_URL")) or self.broker.running()
        return broker and (bool(self.given.get("DATABASE_URL")) or self.postgres.running())

    def clean(self) -> None:
        """Stop the stack and remove its folder with all data."""
        self.stop()
        self.postgres.clean()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def broker(self) -> Broker:
        """The RabbitMQ node."""
        return Broker(self.folder, load_plan(self.folder))

    @property
    def postgres(self) -> Postgres:
        """The database server."""
        return Postgres(self.folder, load_plan(self.folder))

    @property
    def amqp_url(self) -> str:
        """The broker's address."""
        return self.given.get("AMQP_URL") or self.broker.url()

    @property
    def database_url(self) -> str:
        """The database's address, as the owner role."""
        return self.given.get("DATABASE_URL") or self.postgres.url()

    @property
    def management_url(self) -> str | None:
        """The address of the broker's management, with user and password; None for a broker that is not ours."""
        if self.given.get("AMQP_URL"):
            return self.given.get("RABBITMQ_MANAGEMENT_URL")
        return self.broker.management_url

    def create_vhost(self, name: str) -> str:
        """Make a virtual host on the broker, and return its address."""
        return self.broker.create_vhost(name)

    def drop_vhost(self, name: str) -> None:
        """Remove a virtual host."""
        self.broker.drop_vhost(name)

    def create_database(self, name: str) -> str:
        """Make a database, and return its address as the owner role."""
        return self.postgres.create_database(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.postgres.drop_database(name)

    def _move_from_taken_ports(self) -> None:
        """Choose other ports when someone took ours while we were down."""
        plan = load_plan(self.folder)
        if self.broker.ports_taken():
            self.broker.stop()
            beside = range(plan.postgres_port, plan.postgres_port + 1)
            first = ports.free_block(BROKER_PORTS, beside=beside)
            plan = keep_plan(self.folder, plan.model_copy(update={"broker_first_port": first}))
        if self.postgres.port_taken():
            port = ports.free_block(1, beside=plan.broker_ports)
            keep_plan(self.folder, plan.model_copy(update={"postgres_port": port}))

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Let one process at a time start or stop this stack."""
        with (self.folder / "stack.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
