"""The stack as the tests see it: shared and left running, but with a virtual host and a database of each session's own."""

import fcntl
import itertools
import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from frontdesk.fleet.vendors import OUTWARD_ALLOW
from frontdesk.stack import Stack, load_environment


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """The tests' own instance, started on demand and left running for the next session (`make down` stops it)."""
    shared = Stack.at(pytestconfig.rootpath / ".local" / "test")
    shared.start()
    _drop_what_dead_sessions_left(shared)
    return shared


@pytest.fixture(scope="session")
def amqp_url(stack: Stack) -> Iterator[str]:
    """A virtual host of this session's own."""
    if "AMQP_URL" in os.environ:
        yield stack.amqp_url
        return
    name = name_of_this_session()
    yield stack.create_vhost(name)
    stack.drop_vhost(name)


@pytest.fixture(scope="session")
def database_url(stack: Stack) -> Iterator[str]:
    """A database of this session's own, as the owner role."""
    if "DATABASE_URL" in os.environ:
        yield stack.database_url
        return
    name = name_of_this_session()
    yield stack.create_database(name)
    stack.drop_database(name)


@pytest.fixture(scope="session")
def blob_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's blobs lie."""
    return tmp_path_factory.mktemp("blobs")


@pytest.fixture(scope="session")
def environment(stack: Stack, amqp_url: str, database_url: str, blob_folder: Path) -> dict[str, str]:
    """All that a service process needs to know, for this session's broker, database and blobs."""
    own = {"AMQP_URL": amqp_url, "DATABASE_URL": database_url, "BLOB_URL": blob_folder.as_uri()}
    return load_environment(stack.folder) | own | {"FRONTDESK_OUTWARD_ALLOW": OUTWARD_ALLOW}


@pytest.fixture(scope="session")
def own_stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    """A stack that tests may stop and kill without harming other sessions; stopped when the session ends."""
    with _first_free(pytestconfig.rootpath / ".local" / "test-outage") as folder:
        alone = Stack.at(folder, given={})
        try:
            alone.start()
            yield alone
        finally:
            alone.stop()


@pytest.fixture(scope="session")
def own_environment(own_stack: Stack) -> dict[str, str]:
    """All that a service process needs to know to run on the session's own stack."""
    return load_environment(own_stack.folder, given={}) | {"FRONTDESK_OUTWARD_ALLOW": OUTWARD_ALLOW}


@contextmanager
def _first_free(folder: Path) -> Generator[Path]:
    """This folder, or a neighbour (`-2`, `-3`, ...) when another session is at work in it."""
    folder.parent.mkdir(exist_ok=True)
    for number in itertools.count(1):
        candidate = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        with candidate.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield candidate
            return


def name_of_this_session() -> str:
    """A name for a virtual host or a database; when this process was killed, the next session drops what has it."""
    return f"test_{os.getpid()}_{secrets.token_hex(3)}"


def _drop_what_dead_sessions_left(stack: Stack) -> None:
    """A session that was killed could not tidy up after itself."""
    if "AMQP_URL" not in os.environ:
        for name in filter(_is_of_a_dead_session, stack.broker.vhosts()):
            stack.drop_vhost(name)
    if "DATABASE_URL" not in os.environ:
        for name in filter(_is_of_a_dead_session, stack.postgres.databases()):
            stack.drop_database(name)


def _is_of_a_dead_session(name: str) -> bool:
    match name.split("_"):
        case ["test", pid, _] if pid.isdigit():
            return not psutil.pid_exists(int(pid))
        case _:
            return False
