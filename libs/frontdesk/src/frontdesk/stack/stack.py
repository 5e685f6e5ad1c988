"""One instance of the local stack, known by its folder."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frontdesk.stack import ports
from frontdesk.stack.broker import Broker
from frontdesk.stack.errors import StackError
from frontdesk.stack.plan import BROKER_PORTS, keep_plan, load_plan
from frontdesk.stack.postgres import Postgres

__all__ = ["Stack", "StackError"]


@dataclass(frozen=True)
class Stack:
    """A broker and a database of one's own under a folder; both keep their data over a restart.

    `AMQP_URL` and `DATABASE_URL` in the environment replace the respective piece, which is then not started.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Stack":
        """The stack of this folder; nothing is started yet."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder.resolve())

    def start(self) -> None:
        """Start what is not running, both pieces at once, and wait until they serve."""
        with self._alone():
            self._move_from_taken_ports()
            pieces: list[Broker | Postgres] = []
            if "AMQP_URL" not in os.environ:
                pieces.append(self.broker)
            if "DATABASE_URL" not in os.environ:
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
        broker = "AMQP_URL" in os.environ or self.broker.running()
        return broker and ("DATABASE_URL" in os.environ or self.postgres.running())

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
        return os.environ.get("AMQP_URL") or self.broker.url()

    @property
    def database_url(self) -> str:
        """The database's address, as the owner role."""
        return os.environ.get("DATABASE_URL") or self.postgres.url()

    @property
    def management_url(self) -> str:
        """The address of the broker's management, with user and password."""
        return os.environ.get("RABBITMQ_MANAGEMENT_URL") or self.broker.management_url

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
        if not self.broker.running() and not all(ports.is_free(port) for port in self.broker.ports):
            self.broker.stop()
            plan = keep_plan(
                self.folder, plan.model_copy(update={"broker_first_port": ports.free_block(BROKER_PORTS)})
            )
        if not self.postgres.running() and not ports.is_free(self.postgres.port):
            keep_plan(self.folder, plan.model_copy(update={"postgres_port": ports.free_block(1)}))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time start or stop this stack."""
        with (self.folder / "stack.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
