"""The blob store: bytes by their SHA-256 under their tenant (`obstore`: file://, s3://, az://, memory://)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from chassis.errors import RetryLater
from contracts.envelope import check_tenant_id
from contracts.values import BlobRef

_memory = MemoryStore()


class BlobMissing(RetryLater):
    """A blob is not in the store (yet)."""


class Blobs:
    """Bytes that are too large for a message."""

    def __init__(self, url: str) -> None:
        self._store: ObjectStore = _open(url)

    async def put(self, tenant_id: str, data: bytes, media_type: str) -> BlobRef:
        """Keep bytes; the same bytes of a tenant are kept once."""
        key = f"{check_tenant_id(tenant_id)}/{hashlib.sha256(data).hexdigest()}"
        await self._store.put_async(key, data)
        return BlobRef(key=key, size=len(data), media_type=media_type)

    async def get(self, tenant_id: str, ref: BlobRef) -> bytes:
        """The bytes of a reference.

        Raises `PermissionError` when the blob is another tenant's, `BlobMissing` when it is not there.
        """
        if not ref.key.startswith(f"{tenant_id}/"):
            raise PermissionError(f"blob {ref.key[:12]}… does not belong to tenant {tenant_id}")
        try:
            found = await self._store.get_async(ref.key)
        except FileNotFoundError as error:
            raise BlobMissing(f"the blob {ref.key} is not in the store") from error
        return bytes(await found.bytes_async())


def _open(url: str) -> ObjectStore:
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return _memory
    if parts.scheme == "file":
        folder = Path(parts.path)
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder, mkdir=True)
    return from_url(url)
