"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Literal, Protocol

from contracts.values import BlobRef
from contracts.webhooks.v1 import WebhookReceived
from gateway.domain.hook import Hook


class SignedHeaders(Protocol):
    """The headers of a request; names in lower case."""

    def getlist(self, key: str) -> list[str]:
        """Every value of that header."""
        ...


@dataclass(slots=True)
class Incoming:
    """A webhook as it came: nothing of it is decoded, for signatures are over raw bytes.

    One is made for each request, and a frozen one takes four times as long.
    """

    method: str
    path: bytes
    query: bytes
    headers: SignedHeaders
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in the sender's own form."""

    content: bytes
    content_type: str
    status: int = 200


Verified = str | Reply
"""The delivery id under which to keep it; or an answer to a handshake, of which nothing is kept."""


class Verifier(Protocol):
    """How one kind of sender proves who it is."""

    @property
    def kept_headers(self) -> tuple[str, ...]:
        """The headers that the source's reader will need."""
        ...

    @property
    def methods(self) -> frozenset[str]:
        """The methods that it understands."""
        ...

    @property
    def secret_is_public(self) -> bool:
        """Whether anyone can have its secret, as a browser's visitors do: then each address may post only so often."""
        ...

    @property
    def most_bytes(self) -> int | None:
        """How large a body may be, when it is less than for others."""
        ...

    def verify(self, incoming: Incoming, hook: Hook, now: float, /) -> Verified | Awaitable[Verified]:
        """The signed delivery id, else a hash of the body. Compares in constant time.

        Raises `SignatureRefused`, `BodyRefused`, and `CannotVerify` if it must ask somebody who does not answer.
        """
        ...


class SignatureRefused(Exception):
    """The request is not signed, or not by one of the active secrets, or too long ago."""


class BodyRefused(Exception):
    """The sender is known, but what it sends can never be kept."""


class EncodedBody(Exception):
    """The body is compressed: signatures are over what is sent, and nothing is unpacked here."""


class CannotVerify(Exception):
    """Whether the signature fits cannot be said at the moment: the sender must come again."""


class TenantSuspended(Exception):
    """The tenant is suspended: nothing is taken for it, and none of its people is let in."""


class Outside(Protocol):
    """Addresses of others, of which the verifier has made sure that they are whose they say."""

    async def get(self, url: str, most_bytes: int) -> bytes:
        """What stands there. Raises `CannotVerify`."""
        ...


class Captcha(Protocol):
    """Whether a visitor of a website is a person."""

    async def passed(self, provider: str, secret: str, token: str) -> bool:
        """Whether the token is good; each is good once. Raises `CannotVerify`."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a sender waits for: whose answer, for how long, and what it is told without one."""

    service: str | None
    seconds: float
    otherwise: Reply
    content_types: frozenset[str]


class Respondent(Protocol):
    """How a kind of sender is answered that acts on what it is told."""

    def question(self, incoming: Incoming, hook: Hook, /) -> Question | None:
        """What this verified webhook asks; None when a receipt will do."""
        ...


class AskedServices(Protocol):
    """The services whose answer a sender waits for."""

    async def ask(self, service: str, hook: Hook, incoming: Incoming, webhook_id: str) -> Reply | None:
        """The service's answer; None when it has none, or none that can be used."""
        ...


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
