"""The services as their code has them: made without a broker or a database, and asked what they hear and say."""

from __future__ import annotations

import base64
import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from chassis import Service
from chassis.router import Hearing, News
from contracts.envelope import Message
from frontdesk.fleet.roster import GROUP
from frontdesk.generate.senders import constructed

_KEEP = ("PATH", "HOME", "LANG", "TMPDIR")
_DUMMY = {
    "AMQP_URL": "amqp://nobody:nothing@rabbitmq:5672/",
    "DATABASE_URL": "postgresql://nobody:nothing@postgres:5432/frontdesk",
    "BLOB_URL": "memory://",
    "FRONTDESK_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    "FRONTDESK_SERVICE_TOKEN": "none",
    "FRONTDESK_ADMIN_TOKEN": "none",
}
"""Enough to make a service; connections are made when it starts, which nobody does here."""


@dataclass(frozen=True, slots=True)
class Member:
    """One service: what it hears, in whose docstring, and what it says."""

    name: str
    description: str
    port: int
    hearings: tuple[Hearing, ...]
    news: tuple[News, ...]
    says: tuple[type[Message], ...]
    exposition: str = ""
    """What its /metrics show before anything happened: every series that it has, by name."""


class CannotBeMade(Exception):
    """A service's code cannot be imported or put together."""


def member(point: EntryPoint) -> Member:
    """A service by its entry point.

    Raises `CannotBeMade` when it cannot be imported or put together.
    """
    with plain_environment():
        try:
            create: Callable[[], Service] = point.load()
            service = create()
        except Exception as error:
            raise CannotBeMade(f"{point.name}: {type(error).__name__}: {error}") from error
    return Member(
        name=point.name,
        description=service.description,
        port=service.settings.default_port,
        hearings=tuple(sorted(service.router.hearings, key=lambda hearing: hearing.queue(point.name))),
        news=tuple(sorted(service.router.news, key=lambda news: news.message.__name__)),
        says=constructed(_source(point)),
        exposition=service.metrics.exposition().decode(),
    )


def fleet() -> tuple[list[Member], list[CannotBeMade]]:
    """Every installed service, and why those that cannot be made cannot."""
    members: list[Member] = []
    broken: list[CannotBeMade] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            members.append(member(point))
        except CannotBeMade as error:
            broken.append(error)
    return members, broken


@contextmanager
def plain_environment() -> Iterator[None]:
    """An environment with nothing of this machine in it: what is derived from code must not depend on one."""
    before = dict(os.environ)
    kept = {name: before[name] for name in _KEEP if name in before}
    os.environ.clear()
    os.environ.update(kept | _DUMMY)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _source(point: EntryPoint) -> Path:
    package = point.module.partition(".")[0]
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise CannotBeMade(f"{point.name}: its package {package} is not installed")
    return Path(found.origin).parent
