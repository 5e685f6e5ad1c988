"""A place on a stack that nobody else uses: a virtual host, a database and a folder of blobs."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from frontdesk.stack.secrets import load_environment
from frontdesk.stack.stack import Stack


@contextmanager
def place_of_its_own(stack: Stack, name: str) -> Generator[dict[str, str]]:
    """The environment of a new place of this name, which is removed at the end.

    What `AMQP_URL`, `DATABASE_URL` or `BLOB_URL` name is used as it is.
    """
    place: dict[str, str] = {}
    try:
        if not stack.given.get("AMQP_URL"):
            place["AMQP_URL"] = stack.create_vhost(name)
        if not stack.given.get("DATABASE_URL"):
            place["DATABASE_URL"] = stack.create_database(name)
        if not stack.given.get("BLOB_URL"):
            place["BLOB_URL"] = (stack.folder / "blobs" / name).as_uri()
        yield load_environment(stack.folder, stack.given) | place
    finally:
        _remove(stack, name, place)


def _remove(stack: Stack, name: str, place: Mapping[str, str]) -> None:
    """Remove what was made, all at once."""
    with ThreadPoolExecutor() as together:
        removals = [
            together.submit(remove, name)
            for remove, made in (
                (stack.drop_vhost, "AMQP_URL"),
                (stack.drop_database, "DATABASE_URL"),
            )
            if made in place
        ]
        if "BLOB_URL" in place:
            shutil.rmtree(stack.folder / "blobs" / name, ignore_errors=True)
        for removal in removals:
            removal.result()
