"""What a caller is told when something that the Observer reads from does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.http import Problem
from observer.application.ports import WatchOutage


@contextmanager
def told() -> Iterator[None]:
    """An outage as a problem: come again."""
    try:
        yield
    except WatchOutage as error:
        raise Problem(503, "Unavailable for now", str(error), headers={"Retry-After": "5"}) from error
