"""The installed services, found through their entry points."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from pydantic import ValidationError

from frontdesk.fleet.errors import FleetError

if TYPE_CHECKING:
    from chassis import Service

GROUP = "frontdesk.services"


def service_points() -> list[EntryPoint]:
    """The services' entry points, tenancy first, because everyone asks it; then by name."""
    return sorted(entry_points(group=GROUP), key=lambda point: (point.name != "tenancy", point.name))


def create(point: EntryPoint, environment: Mapping[str, str]) -> Service:
    """Make one service, its settings read from this environment over the process's own.

    Raises `FleetError` that names the settings which are not as they must be, and repeats no value.
    """
    from chassis.settings import settings_flaws
    from chassis.vault import SecretsNotRead

    create_service: Callable[[], Service] = point.load()
    with environ(environment):
        try:
            return create_service()
        except ValidationError as error:
            raise FleetError(f"{point.name} cannot be set so: {settings_flaws(error)}") from None
        except SecretsNotRead as error:
            raise FleetError(f"{point.name} cannot read its settings: {error}") from error
        except ValueError as error:
            raise FleetError(f"{point.name} cannot be set so: {error}") from error


@contextmanager
def environ(values: Mapping[str, str]) -> Iterator[None]:
    """These environment variables, for as long as the block lasts; no other one is touched."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
