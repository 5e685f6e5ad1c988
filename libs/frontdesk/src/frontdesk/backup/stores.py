"""Blobs, filed documents and snapshots: what lies beside the database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from obstore.store import LocalStore, ObjectStore, from_url

from frontdesk.backup.errors import BackupError

_CONTENT_ADDRESS = re.compile(r".+/([0-9a-f]{64})")


def open_store(url: str) -> ObjectStore:
    """The blob store of an address: file://, s3://, az:// and the like. Raises `BackupError` for memory://."""
    parts = urlsplit(url)
    if parts.scheme == "memory":
        raise BackupError(
            "BLOB_URL is memory://: what is kept there is gone with its process and cannot be backed up"
        )
    if parts.scheme == "file":
        folder = Path(parts.path)
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder, mkdir=True)
    return from_url(url)


def blobs(store: ObjectStore) -> Iterator[tuple[str, bytes, str]]:
    """Every blob: its key, its content, and the content's SHA-256. Raises `BackupError` for one that is not what its name says."""
    for page in store.list():
        for found in page:
            key = found["path"]
            content = bytes(store.get(key).bytes())
            address = _CONTENT_ADDRESS.fullmatch(key)
            sha256 = hashlib.sha256(content).hexdigest()
            if address and sha256 != address[1]:
                raise BackupError(
                    f"the blob {key} is damaged in the store: its content is not what its name says"
                )
            yield key, content, sha256


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a folder by its path in it."""
    if folder.is_dir():
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                yield file.relative_to(folder).as_posix(), file


def place_below(folder: Path, name: str) -> Path:
    """Where a file of a backup goes. Raises `BackupError` for a name that leads out of the folder."""
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise BackupError(f"the backup names a file outside its folder: {name}")
    return target
