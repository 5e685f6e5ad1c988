"""Keeps files on a disk of our own: one folder per tenant under a common root."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from chassis.errors import NeverRetry
from contracts.envelope import check_tenant_id
from file_management.application.ports import StoredFile
from file_management.domain.content import Content
from file_management.domain.names import split_extension
from file_management.domain.place import Place

_MOST_NUMBERS = 10_000
_PIECE = 1024 * 1024


class OutsideRoot(NeverRetry):
    """A path leads out of the tenant's folder."""


class LocalDisk:
    """One tenant's folder on the disk; `external_id` is the path within it."""

    def __init__(self, root: Path, tenant_id: str) -> None:
        self._root = root / check_tenant_id(tenant_id)

    async def put(self, place: Place, content: Content) -> StoredFile:
        """Keep a file; at a numbered name when this one is taken."""
        return await asyncio.to_thread(self._put, place, content)

    async def find(self, place: Place, content: Content) -> Sequence[StoredFile]:
        """Files of that name, perhaps numbered, and the same content."""
        return await asyncio.to_thread(lambda: list(self._find(place, content)))

    def _put(self, place: Place, content: Content) -> StoredFile:
        folder = self._folder(place)
        _make(folder, above=self._root.parent)
        draft = folder / f".{secrets.token_hex(16)}.part"
        try:
            _write(draft, content.data)
            for number in range(1, _MOST_NUMBERS):
                candidate = place.numbered(number)
                try:
                    # A hard link is made whole or not at all, and never over another file.
                    os.link(draft, folder / candidate.name)
                except FileExistsError:
                    continue
                _keep_entries(folder)
                return StoredFile(candidate.path, candidate.path)
        finally:
            draft.unlink(missing_ok=True)
        raise NeverRetry(
            f"{_MOST_NUMBERS} files are called like a new one in one folder; tidy it up, then replay"
        )

    def _find(self, place: Place, content: Content) -> Iterator[StoredFile]:
        folder = self._folder(place)
        stem, extension = split_extension(place.name)
        ours = re.compile(rf"{re.escape(stem)}(?: \d+)?{re.escape(extension)}", re.IGNORECASE)
        with suppress(FileNotFoundError):
            for entry in sorted(os.scandir(folder), key=lambda entry: (len(entry.name), entry.name)):
                if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    file = Path(entry.path)
                    if entry.stat().st_size == content.size and _sha256(file) == content.sha256:
                        path = "/".join((*place.folders, entry.name))
                        yield StoredFile(path, path)

    def _folder(self, place: Place) -> Path:
        """The folder on the disk; what lies there may be a link that somebody made, so the end is looked at."""
        folder = self._root.joinpath(*place.folders)
        if not folder.resolve().is_relative_to(self._root.resolve()):
            raise OutsideRoot(f"the folder {'/'.join(place.folders)} leads out of the tenant's own folder")
        return folder


def _make(folder: Path, *, above: Path) -> None:
    """Make a folder and those above it, so that they outlast a power failure."""
    if folder.is_dir():
        return
    if folder != above and folder.parent != folder:
        _make(folder.parent, above=above)
    with suppress(FileExistsError):
        folder.mkdir()
        _keep_entries(folder.parent)


def _write(draft: Path, data: bytes) -> None:
    """A new file of our own, whole and on the disk."""
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _keep_entries(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
