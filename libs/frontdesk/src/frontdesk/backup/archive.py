"""The file of a backup: a plain tar whose members are named by what they are, and a manifest that closes it."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from pydantic import ValidationError

from frontdesk.backup.errors import BackupError
from frontdesk.backup.manifest import FORM, Manifest, Part

MANIFEST = "manifest.json"
DATABASE = "database.dump"
KEYS = "keys.sealed"
BLOBS, FILES, SNAPSHOTS = "blobs/", "files/", "snapshots/"
_CHUNK = 1 << 20


class Readable(Protocol):
    """A part's content, read from its beginning."""

    def read(self, size: int = -1, /) -> bytes: ...


class Writing:
    """A backup that is being written; each part is measured as it goes in."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.parts: dict[str, Part] = {}

    def add_bytes(self, name: str, content: bytes, sha256: str | None = None) -> None:
        """Add a part that is in memory; its SHA-256 may be known already."""
        self._write(name, io.BytesIO(content), len(content))
        self.parts[name] = Part(sha256=sha256 or hashlib.sha256(content).hexdigest(), size=len(content))

    def add_file(self, name: str, file: Path) -> None:
        """Add a file; its length is what it is at the beginning."""
        with file.open("rb") as content:
            measured, size = _Measured(content), os.fstat(content.fileno()).st_size
            self._write(name, measured, size)
        self.parts[name] = Part(sha256=measured.digest.hexdigest(), size=size)

    def close_with(self, manifest: Manifest) -> None:
        """Add the manifest, the last of all."""
        content = manifest.model_dump_json(indent=1).encode()
        self._write(MANIFEST, io.BytesIO(content), len(content))

    def _write(self, name: str, content: Readable, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        self._tar.addfile(member, cast("IO[bytes]", content))  # it only reads


class _Measured(io.RawIOBase):
    """A stream that hashes what is read of it."""

    def __init__(self, content: IO[bytes]) -> None:
        super().__init__()
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        piece = self._content.read(size)
        self.digest.update(piece)
        return piece


@contextmanager
def written(target: Path) -> Iterator[Writing]:
    """Write a backup that appears under its name only when it is whole, on the disk, and was read again without a flaw."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.unfinished")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        with draft.open("wb") as output:
            with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
                yield Writing(tar)
            output.flush()
            os.fsync(output.fileno())
        read_checked(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def read_checked(file: Path) -> Manifest:
    """Read a backup to its end and compare each part with the manifest. Raises `BackupError` that names the part."""
    found: dict[str, Part] = {}
    manifest: Manifest | None = None
    at = "its beginning"
    try:
        with tarfile.open(file, mode="r:") as tar:
            for member in tar:
                at = member.name
                content = tar.extractfile(member)
                if content is None:
                    raise BackupError(f"{file}: {member.name} is no file; this is no backup of Frontdesk's")
                if member.name == MANIFEST:
                    manifest = _manifest(file, content.read())
                else:
                    found[member.name] = _read(content)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"{file} is cut off or changed at {at}: {error}") from error
    if manifest is None:
        raise BackupError(f"{file} is cut off behind {at}: its manifest, the last part, is missing")
    _compare(file, manifest, found)
    return manifest


def parts_of(file: Path) -> Iterator[tuple[str, Readable]]:
    """The parts of a backup that `read_checked` has found whole, each a stream that must be read before the next is asked for."""
    with tarfile.open(file, mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None and member.name != MANIFEST:
                yield member.name, content


def _read(content: IO[bytes]) -> Part:
    digest, size = hashlib.sha256(), 0
    while piece := content.read(_CHUNK):
        digest.update(piece)
        size += len(piece)
    return Part(sha256=digest.hexdigest(), size=size)


def _manifest(file: Path, content: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupError(
            f"{file}: {MANIFEST} was changed: {error.error_count()} fields are not as they must be"
        ) from error
    if manifest.form > FORM:
        raise BackupError(
            f"{file} comes from a newer release (form {manifest.form}; this one reads up to {FORM})"
        )
    return manifest


def _compare(file: Path, manifest: Manifest, found: dict[str, Part]) -> None:
    for name, part in manifest.parts.items():
        if name not in found:
            raise BackupError(f"{file}: the part {name} is missing")
        if found[name] != part:
            raise BackupError(f"{file}: the part {name} was changed: its SHA-256 is not the manifest's")
    if strange := found.keys() - manifest.parts.keys():
        raise BackupError(f"{file}: {min(strange)} is not in the manifest")
