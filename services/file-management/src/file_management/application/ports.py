"""What the use case needs from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from pydantic import JsonValue

from contracts.tenants.http_v1 import TenantProfile
from contracts.values import BlobRef
from file_management.domain.content import Content
from file_management.domain.place import Place

StoreName = Literal["onedrive", "local"]
Remembered = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file where the company keeps its documents; `external_id` is the store's own id of it."""

    path: str
    external_id: str
    url: str | None = None


class FileStore(Protocol):
    """A place of one tenant where files are kept.

    What one conformance suite checks for every adapter: folders are made, a taken name gets a number and nothing is
    ever overwritten, a file is there whole or not at all, and `find` knows a file by its content.
    """

    async def put(self, place: Place, content: Content) -> StoredFile:
        """Keep a file, at another name when this one is taken; within the seconds that its content allows."""
        ...

    async def find(self, place: Place, content: Content) -> Sequence[StoredFile]:
        """Files in the place's folder that have its name, perhaps numbered, and the same content."""
        ...


class FileStores(Protocol):
    """The stores of the tenants."""

    async def of(self, tenant_id: str, name: StoreName) -> FileStore:
        """The tenant's store of that name."""
        ...


class Profiles(Protocol):
    """What is known of tenants."""

    async def profile(self, tenant_id: str) -> TenantProfile:
        """A tenant's profile."""
        ...


class Blobs(Protocol):
    """Where bytes are kept."""

    async def get(self, tenant_id: str, ref: BlobRef) -> bytes:
        """The bytes of a reference."""
        ...


class Once(Protocol):
    """Does something in the world once (the chassis's `unit.effect`)."""

    def __call__(
        self,
        key: str,
        *,
        look_up: Callable[[], Awaitable[Remembered | None]],
        call: Callable[[], Awaitable[Remembered]],
        lease: timedelta,
    ) -> Awaitable[Remembered]:
        """What `call` returned, now or the first time."""
        ...


FiledByOthers = Callable[[Collection[str]], Awaitable[Collection[str]]]
"""Of these external ids, those under which other documents are on record."""
