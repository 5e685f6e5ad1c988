"""One call of Stripe's interface, and the table that says which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.stripe.params import Params
from sandbox.stripe.state import Account, Json


@dataclass(frozen=True)
class Call:
    """What a handler gets: the account, the parameters, what stands in the path, and where the sandbox is reached."""

    account: Account
    params: Params
    path: Mapping[str, str]
    base: str

    @property
    def id(self) -> str:
        """The object that the path names."""
        return self.path["id"]


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Operation:
    """A method and path, what answers, and the parameters it has; `expand` has every one of them."""

    method: str
    path: str
    handler: Handler
    parameters: frozenset[str]


def operation(method: str, path: str, handler: Handler, parameters: str = "") -> Operation:
    """An operation whose parameters are given as words."""
    return Operation(method, path, handler, frozenset([*parameters.split(), "expand"]))


PAGING = "limit starting_after ending_before"
