"""What the use cases need of the world: ports, and the ways in which a mailbox fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import JsonValue

from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Envelope, Following
from contracts.messages.v1 import MessageReceived
from contracts.tenants.http_v1 import TenantProfile
from contracts.values import BlobRef

Session = Any
"""The store's own session: the application only hands it on."""
FolderKind = Literal["inbox", "sent"]
Remembered = Mapping[str, JsonValue]
Recogniser = Callable[[str, str], bool]
"""(tenant, Message-ID): whether we wrote that message ourselves."""
Clock = Callable[[], datetime]


class MailboxRefused(Exception):
    """The mail server refuses what the tenant entered; it does no good to try again with the same."""


@dataclass(frozen=True, slots=True)
class MailAccount:
    """A tenant's mailbox: `mailbox` names it whatever its server's address is, `stamp` changes when any of it does."""

    tenant_id: str
    mailbox: str
    authserv_id: str | None
    stamp: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was taken in. `connected_at` is when it was first looked at: what is older is history."""

    mailbox: str
    folder: str
    uidvalidity: int
    last_uid: int
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as it lies in a folder; of one that is too large only the header was fetched."""

    uid: int
    raw: bytes
    received_at: datetime
    size: int
    whole: bool


class OpenFolder(Protocol):
    """A folder that is open for reading."""

    @property
    def name(self) -> str: ...
    @property
    def uidvalidity(self) -> int: ...
    @property
    def next_uid(self) -> int: ...
    async def uids_after(self, uid: int) -> Sequence[int]: ...
    async def received(self, *, since: datetime | None, before: datetime | None) -> Sequence[int]: ...
    async def fetch(self, uid: int, *, most_bytes: int) -> Fetched | None: ...
    async def wait(self, seconds: float) -> None: ...


class Mailboxes(Protocol):
    """The tenants' mailboxes."""

    async def account(self, tenant_id: str) -> MailAccount | None: ...
    def open(self, tenant_id: str, folder: FolderKind | str) -> AbstractAsyncContextManager[OpenFolder]: ...
    async def find_sent(self, tenant_id: str, message_id: str) -> str | None: ...
    async def append_sent(self, tenant_id: str, raw: bytes, at: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class TakenLetter:
    """A letter that is to be kept, with what is said about it; known by its fingerprint, or by its enquiry's key."""

    fingerprint: str
    source: str
    message: MessageReceived
    documents: tuple[DocumentReceived, ...]
    enquiry_key: str | None = None


class Letters(Protocol):
    """The letters that were taken in, and how far each folder was."""

    async def keep(self, session: Session, tenant_id: str, letter: TakenLetter) -> bool: ...
    async def cursor(self, session: Session, tenant_id: str, mailbox: str, folder: str) -> Cursor | None: ...
    async def move_cursor(self, session: Session, tenant_id: str, cursor: Cursor) -> None: ...


class Open(Protocol):
    """An open transaction."""

    @property
    def session(self) -> Session: ...
    def say(self, *following: Following) -> None: ...


class Transactions(Protocol):
    """Short transactions of a tenant."""

    def begin(
        self, tenant_id: str, *, caused_by: Envelope | None = None
    ) -> AbstractAsyncContextManager[Open]: ...
    def reading(self, tenant_id: str) -> AbstractAsyncContextManager[Session]: ...


class Unit(Protocol):
    """The message that is handled, and effects that happen once."""

    @property
    def tenant_id(self) -> str: ...
    async def effect(
        self,
        key: str,
        *,
        look_up: Callable[[], Awaitable[Remembered | None]],
        call: Callable[[], Awaitable[Remembered]],
    ) -> Remembered: ...


class Profiles(Protocol):
    """Who the tenants are."""

    async def profile(self, tenant_id: str) -> TenantProfile: ...


class Tenants(Protocol):
    """All tenants."""

    async def all(self) -> Sequence[str]: ...


class BlobStore(Protocol):
    """Bytes that are too large for a message."""

    async def put(self, tenant_id: str, data: bytes, media_type: str) -> BlobRef: ...
    async def get(self, tenant_id: str, ref: BlobRef) -> bytes: ...
