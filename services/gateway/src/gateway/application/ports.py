"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from contracts.values import BlobRef
from contracts.webhooks.v1 import WebhookReceived
from gateway.domain.hook import Hook
from gateway.domain.resources import Header


class SignedHeaders(Protocol):
    """The headers of a request; names in lower case."""

    def getlist(self, key: str) -> list[str]:
        """Every value of that header."""
        ...


class Verifier(Protocol):
    """How one kind of sender signs."""

    @property
    def kept_headers(self) -> tuple[str, ...]:
        """The headers that the source's reader will need."""
        ...

    def verify(self, headers: SignedHeaders, body: bytes, secrets: Sequence[bytes], now: float) -> str:
        """The signed delivery id, else a hash of the body. Raises `SignatureRefused`; compares in constant time."""
        ...


class SignatureRefused(Exception):
    """The request is not signed, or not by one of the active secrets, or too long ago."""


class Intake(Protocol):
    """Keeps things durably. Both raise `CannotKeep`."""

    async def keep_body(self, tenant_id: str, body: bytes, content_type: str) -> BlobRef:
        """Keep a large body beside the messages."""
        ...

    async def accept(
        self, tenant_id: str, message: WebhookReceived, message_id: str
    ) -> Literal["new", "known"]:
        """Keep a message; whether it is new."""
        ...


class CannotKeep(Exception):
    """Nothing takes the webhook at the moment: the sender must come again."""


@dataclass(frozen=True, slots=True)
class FetchedHooks:
    """All hooks as tenancy has them, and the tag to ask with next time."""

    hooks: tuple[Hook, ...]
    tag: str | None


class HookSource(Protocol):
    """Where the hooks are registered."""

    async def fetch(self, known_tag: str | None) -> FetchedHooks | None:
        """All hooks; None when nothing changed since that tag. Raises `RegistryUnreachable`."""
        ...


class RegistryUnreachable(Exception):
    """The registry of hooks does not answer."""


class Snapshot(Protocol):
    """The hooks as they were last read, kept sealed on this machine."""

    async def load(self) -> tuple[Hook, ...] | None:
        """What was kept; None when nothing readable is there."""
        ...

    async def save(self, hooks: tuple[Hook, ...]) -> None:
        """Keep these."""
        ...


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
        """Ask a service. Raises `UpstreamDown`, `UpstreamSlow`."""
        ...


class UpstreamDown(Exception):
    """A service cannot be reached, or broke the connection before it answered."""


class UpstreamSlow(Exception):
    """A service did not answer within the time limit."""
