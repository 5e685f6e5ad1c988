"""What the API's use cases need from outside."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.domain.access import Access, TokenClaims, VerifiedKey
from gateway.domain.headers import Header
from gateway.domain.openapi import Json
from gateway.domain.rate_limits import Policy, Standing


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A request on its way to a service; `target` is its raw path with the query."""

    method: str
    target: bytes
    headers: Sequence[Header]
    body: AsyncIterable[bytes] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A service's answer: the head is there, the body streams; `close` must be awaited."""

    status: int
    headers: Sequence[Header]
    body: AsyncIterable[bytes]
    close: Callable[[], Awaitable[None]]


class Upstreams(Protocol):
    """The services behind the gateway."""

    async def send(self, service: str, request: Forwarded) -> Answer:
        """Ask a service. Raises `UpstreamDown`, `UpstreamSlow` and `CannotPassOn`."""
        ...


class CannotPassOn(Exception):
    """A request is not such that it can be passed on: a header holds what none may hold."""


class UpstreamDown(Exception):
    """A service cannot be reached, broke the connection, or answered more than is taken."""


class UpstreamSlow(Exception):
    """A service did not answer within the time limit."""


class Descriptions(Protocol):
    """The services' own OpenAPI documents."""

    async def fetch(self, service: str, known_tag: str | None) -> tuple[Json, str | None] | None:
        """A service's document and its tag; None when it has not changed. Raises `Undescribed`."""
        ...


class Undescribed(Exception):
    """A service's document cannot be had, or is none."""


class KeptDocuments(Protocol):
    """The documents as they were last read, on this machine."""

    async def load(self) -> Mapping[str, Json]:
        """What was kept; nothing when nothing readable is there."""
        ...

    async def save(self, documents: Mapping[str, Json]) -> None:
        """Keep these."""
        ...


class AccessSource(Protocol):
    """Where it is said who may come in: tenancy."""

    async def fetch(self, known_tag: str | None) -> tuple[Access, str | None] | None:
        """The state and its tag; None when it has not changed. Raises `AccessUnreachable`."""
        ...

    async def verify(self, key: str) -> VerifiedKey | None:
        """Whose API key that is; None when it is none. Raises `AccessUnreachable`."""
        ...


class AccessUnreachable(Exception):
    """Tenancy does not answer."""


class KeptAccess(Protocol):
    """The state as it was last read, kept sealed on this machine, with the time of the reading."""

    async def load(self) -> tuple[Access, float] | None:
        """What was kept; None when nothing readable is there."""
        ...

    async def save(self, access: Access, read_at: float) -> None:
        """Keep this."""
        ...


class Tokens(Protocol):
    """How access tokens are read."""

    def key_id(self, token: str) -> str:
        """The id of the key that a token says it is signed with. Raises `TokenRefused`."""
        ...

    def read(self, token: str, key: Mapping[str, str]) -> TokenClaims:
        """What a token says, after every check that needs no memory. Raises `TokenRefused`."""
        ...


class TokenRefused(Exception):
    """A token is not one of ours, not for us, or over."""


class Counter(Protocol):
    """Counts requests in sliding windows."""

    async def take(self, policy: Policy, who: str) -> Standing:
        """Count one request; `Standing.allowed` says whether there was room for it."""
        ...


class Counted(Protocol):
    """What is told to those who watch the gateway."""

    def cached(self, outcome: str) -> None:
        """A read was answered from memory: `hit` or `not_modified`; or not: `miss`."""
        ...

    def refused(self, reason: str) -> None:
        """A request was refused at the door."""
        ...
