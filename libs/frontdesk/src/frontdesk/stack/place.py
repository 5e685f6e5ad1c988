"""A place on a stack that nobody else uses: a virtual host, a database and a folder of blobs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from frontdesk.stack.secrets import load_environment
from frontdesk.stack.stack import Stack


@dataclass(frozen=True)
class Place:
    """A place by its name; what `AMQP_URL`, `DATABASE_URL` or `BLOB_URL` name is used as it is."""

    stack: Stack
    name: str

    @property
    def environment(self) -> dict[str, str]:
        """Everything a service process needs to know to run here, whether the place is made yet or not."""
        own = load_environment(self.stack.folder, self.stack.given)
        if self._brings("AMQP_URL"):
            own["AMQP_URL"] = self.stack.broker.url(self.name)
        if self._brings("DATABASE_URL"):
            own["DATABASE_URL"] = self.stack.postgres.url(self.name)
        if self._brings("BLOB_URL"):
            own["BLOB_URL"] = (self.stack.folder / "blobs" / self.name).as_uri()
        return own

    def make(self) -> None:
        """Make it on the stack, which must run."""
        if self._brings("AMQP_URL"):
            self.stack.create_vhost(self.name)
        if self._brings("DATABASE_URL"):
            self.stack.create_database(self.name)

    def remove(self) -> None:
        """Remove it with all that is in it; what was never made is no fault."""
        work: list[Callable[[str], None]] = []
        if self._brings("AMQP_URL"):
            work.append(self.stack.drop_vhost)
        if self._brings("DATABASE_URL"):
            work.append(self.stack.drop_database)
        with ThreadPoolExecutor() as together:
            removals = [together.submit(remove, self.name) for remove in work]
            if self._brings("BLOB_URL"):
                shutil.rmtree(self.stack.folder / "blobs" / self.name, ignore_errors=True)
            for removal in removals:
                removal.result()

    def _brings(self, name: str) -> bool:
        return not self.stack.given.get(name)


@contextmanager
def place_of_its_own(stack: Stack, name: str) -> Generator[dict[str, str]]:
    """The environment of a new place, which is removed at the end."""
    place = Place(stack, name)
    try:
        place.make()
        yield place.environment
    finally:
        place.remove()
