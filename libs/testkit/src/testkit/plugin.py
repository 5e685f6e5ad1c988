"""The pytest plugin: a real broker, a real database and the vendors, simulated, as fixtures."""

from functools import cache
from pathlib import Path

import httpx
import httpx._transports.default as httpx_transports
import pytest
from hypothesis import HealthCheck, settings

import contracts
from testkit.sandbox import sandbox
from testkit.stack import amqp_url, blob_folder, database_url, environment, own_environment, own_stack, stack

__all__ = [
    "amqp_url",
    "blob_folder",
    "database_url",
    "environment",
    "own_environment",
    "own_stack",
    "sandbox",
    "stack",
]

# Pytest would take the folder `contracts/` of the tests beside it for the package, if nobody had imported that before.
assert contracts.__file__

# A test that fails because the machine was busy says nothing: no example has a deadline, none is made too slowly.
settings.register_profile("frontdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("frontdesk")

# The tests make a client for nearly everything they do, and each would read the list of authorities anew.
setattr(httpx_transports, "create_ssl_context", cache(httpx.create_ssl_context))  # noqa: B010 (httpx does not export it)

LONGEST_FIRST = ("outage", "journey")
"""Markers of the files that take minutes: begun last, one of them would run alone while the other workers are idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take minutes first; else the order stays, and a file's tests stay together."""
    places: dict[Path, int] = {}
    for item in items:
        places[item.path] = min(_place(item), places.get(item.path, len(LONGEST_FIRST)))
    items.sort(key=lambda item: places[item.path])


def _place(item: pytest.Item) -> int:
    marks = [place for place, name in enumerate(LONGEST_FIRST) if item.get_closest_marker(name) is not None]
    return min(marks, default=len(LONGEST_FIRST))
