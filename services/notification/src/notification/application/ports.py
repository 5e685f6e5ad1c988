"""What the use cases need of the world: ports, and the three ways in which sending goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import JsonValue

from contracts.envelope import Envelope, Following
from contracts.tenants.http_v1 import TenantProfile
from contracts.values import BlobRef

Session = Any
"""The store's own session: the application only hands it on."""
State = Literal["held", "sending", "sent", "uncertain", "failed"]
Remembered = Mapping[str, JsonValue]


class LetterRefused(Exception):
    """The server refused the letter for good."""


class AccountUnusable(Exception):
    """The server cannot be used with what the tenant entered: credentials, address, certificate."""


class AlreadyHandedOver(Exception):
    """Another process hands the same letter over, or did; what became of it is looked up later."""

    ambiguous = True


class SecretLost(Exception):
    """What is to stand in a letter does not open: its key is gone."""


class DeliveryUnknown(Exception):
    """The letter was handed over and no answer came: nobody can tell whether it left."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter's bytes with their envelope; `greeting` is the name said to the server (EHLO)."""

    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    greeting: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server took the letter; `refused` holds what it said about recipients that it did not take."""

    accepted_at: datetime
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one letter; `counted` says that it counts against the hour."""

    key: str
    lead_id: str
    turn: int
    purpose: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    counted: bool
    state: State
    at: datetime
    reason: str | None = None
    raw: BlobRef | None = None
    refused: tuple[str, ...] = ()
    held: Mapping[str, JsonValue] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HeldLetter:
    """A letter that waits: what was to be done, and the envelope of what asked for it."""

    key: str
    at: datetime
    held: Mapping[str, JsonValue] = field(repr=False)


class Secrets(Protocol):
    """Opens what stands sealed in an order to send."""

    def open(self, tenant_id: str, lead_id: str, box: str) -> str:
        """What is in the box. Raises `SecretLost`."""
        ...


class Unit(Protocol):
    """The message that is handled, and effects that happen once."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def envelope(self) -> Envelope: ...
    @property
    def attempt(self) -> int: ...
    async def effect(
        self,
        key: str,
        *,
        look_up: Callable[[], Awaitable[Remembered | None]],
        call: Callable[[], Awaitable[Remembered]],
    ) -> Remembered: ...


class Open(Protocol):
    """An open transaction."""

    @property
    def session(self) -> Session: ...
    def say(self, *following: Following) -> None: ...


class Transactions(Protocol):
    """Short transactions of a tenant, beside the one that settles the message."""

    def begin(
        self, tenant_id: str, *, caused_by: Envelope | None = None
    ) -> AbstractAsyncContextManager[Open]: ...
    def reading(self, tenant_id: str) -> AbstractAsyncContextManager[Session]: ...


class Profiles(Protocol):
    """Who the tenants are."""

    async def profile(self, tenant_id: str) -> TenantProfile: ...


class Blobs(Protocol):
    """Where the letters' bytes are kept."""

    async def put(self, tenant_id: str, data: bytes, media_type: str) -> BlobRef: ...


class Mailer(Protocol):
    """A mail server."""

    async def send(
        self, tenant_id: str, parcel: Parcel, before_data: Callable[[], Awaitable[None]]
    ) -> Receipt:
        """Hand a letter over; `before_data` is awaited when nothing is missing but the letter itself.

        Raises `LetterRefused`, `AccountUnusable`, `DeliveryUnknown`; anything else means that it was not handed over.
        """
        ...

    async def ask_after(self, tenant_id: str, message_id: str) -> Remembered | None:
        """Whether a letter left that was handed over before a crash; raises `DeliveryUnknown` when nobody can tell."""
        ...


class Records(Protocol):
    """The record of outgoing mail."""

    async def put(self, session: Session, record: Record) -> None:
        """Keep what became of a letter; holding one back never hides that it left."""
        ...

    async def hand_over(self, session: Session, record: Record, *, cap: int) -> bool:
        """Note, before the letter goes, that it goes now; False when the hour has no room for it.

        Raises `AlreadyHandedOver` when it was noted before and not taken back.
        """
        ...

    async def take_back(self, session: Session, key: str) -> None:
        """The letter did not go after all."""
        ...

    async def was_handed_over(self, session: Session, key: str) -> bool: ...
    async def handed_over_in_the_last_hour(self, session: Session) -> int: ...
    async def held(
        self, session: Session, *, limit: int, counted: bool | None = None, after: HeldLetter | None = None
    ) -> Sequence[HeldLetter]:
        """Letters that wait, oldest first: those that count against the hour or not, those after another."""
        ...

    async def release(self, session: Session, key: str) -> bool:
        """Let a held letter go; False when it no longer waits."""
        ...

    async def tell_once(self, session: Session, key: str) -> bool:
        """Whether this is the first time that something is told."""
        ...
