"""What every simulated vendor is to the rest of the sandbox."""

from collections.abc import Sequence
from typing import Protocol

from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.wire import JsonObject


class Vendor(Protocol):
    """One vendor: its routes, its state, and the form in which it reports failures."""

    @property
    def name(self) -> str:
        """The first path segment under which it is mounted; also its name in the control plane."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """The vendor's own HTTP interface, relative to its mount."""
        ...

    def reset(self) -> None:
        """Forget everything, seeds included."""
        ...

    def seed(self, data: JsonObject) -> None:
        """Take in what a test or a demo wants to find there."""
        ...

    def snapshot(self) -> JsonObject:
        """What the vendor holds now, for tests that count from the vendor's side."""
        ...

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure of the given status in the vendor's documented form."""
        ...

    def dump(self) -> JsonObject:
        """The state to keep over a restart; empty when there is none."""
        ...

    def load(self, data: JsonObject) -> None:
        """Take back what dump gave."""
        ...
