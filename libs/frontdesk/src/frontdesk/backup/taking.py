"""Take a backup while the fleet runs.

The database comes first, the blobs after it: blobs are named by their content and only added to, so whatever the snapshot
of the database names lies in the store by then.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic, time

from frontdesk.backup import archive, database, keys, stores
from frontdesk.backup.errors import BackupError
from frontdesk.backup.installation import Installation
from frontdesk.backup.manifest import Manifest

PREFIX = "frontdesk-"
_UNFINISHED = f".{PREFIX}"
_DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was written and read again."""

    file: Path
    manifest: Manifest
    seconds: float
    removed: list[Path]


async def take_backup(
    installation: Installation, target: Path, *, passphrase: str | None = None, keep: int | None = None
) -> Taken:
    """Write one backup of everything.

    `target` is a new file, or a folder in which it is named by its moment; `keep` removes the oldest of such a folder, once
    the new one is whole. With a `passphrase` the keys go in, sealed. Raises `BackupError`.
    """
    began = monotonic()
    if keep is not None and (keep < 1 or not _is_folder(target)):
        raise BackupError("--keep N wants a folder, and at least 1")
    folder = target if _is_folder(target) else target.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=folder) as scratch:
            file, manifest = await _written(installation, target, Path(scratch), passphrase)
    except OSError as error:
        raise BackupError(
            f"no backup was written to {folder}: {error.strerror or error}; what was begun is removed"
        ) from error
    return Taken(file, manifest, monotonic() - began, _removed(folder, keep))


async def _written(
    installation: Installation, target: Path, scratch: Path, passphrase: str | None
) -> tuple[Path, Manifest]:
    dumped = scratch / archive.DATABASE
    async with database.snapshot(installation.database_url, installation.schemas) as facts:
        if not facts.schemas:
            raise BackupError("the database holds nothing of Frontdesk's: there is nothing to back up")
        file = target / f"{PREFIX}{facts.taken_at:%Y%m%dT%H%M%S%fZ}.tar" if _is_folder(target) else target
        if file.exists():
            raise BackupError(f"{file} is there already: name another file, or a folder")
        database.dump(installation.database_url, facts, dumped)
    with archive.written(file) as writing:
        writing.add_file(archive.DATABASE, dumped)
        dumped.unlink()
        _add_stores(writing, installation)
        if passphrase is not None:
            writing.add_bytes(archive.KEYS, keys.seal_keys(installation.environment, passphrase))
        manifest = Manifest(
            version=version("frontdesk-cli"), taken_at=facts.taken_at, postgres=facts.postgres,
            schemas=dict(facts.schemas), rows=dict(facts.rows), keys=keys.fingerprints(installation.environment),
            with_keys=passphrase is not None, parts=writing.parts,
        )  # fmt: skip
        writing.close_with(manifest)
    return file, manifest


def _is_folder(target: Path) -> bool:
    """A name that ends in .tar is a file, whether it is there or not."""
    return target.is_dir() or target.suffix != ".tar"


def _add_stores(writing: archive.Writing, installation: Installation) -> None:
    for key, content, sha256 in stores.blobs(stores.open_store(installation.blob_url)):
        writing.add_bytes(archive.BLOBS + key, content, sha256)
    for name, file in stores.files_below(installation.files):
        writing.add_file(archive.FILES + name, file)
    for name, file in stores.files_below(installation.snapshots):
        writing.add_file(archive.SNAPSHOTS + name, file)


def _sweep(folder: Path) -> None:
    """Remove what a backup left that was killed; one that runs is younger than a day."""
    for left in folder.glob(f"{_UNFINISHED}*"):
        if time() - left.stat().st_mtime > _DAY_S:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _removed(folder: Path, keep: int | None) -> list[Path]:
    """Remove all but the newest; their names sort by their moment."""
    if keep is None:
        return []
    doomed = sorted(folder.glob(f"{PREFIX}*.tar"), reverse=True)[keep:]
    for file in doomed:
        file.unlink()
    return doomed
