"""Take a backup while the fleet runs.

The database comes first, the blobs after it: blobs are named by their content and only added to, so whatever the snapshot
of the database names lies in the store by then.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic

from frontdesk.backup import archive, database, keys, stores
from frontdesk.backup.errors import BackupError
from frontdesk.backup.installation import Installation
from frontdesk.backup.manifest import Manifest

PREFIX = "frontdesk-"


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
    with tempfile.TemporaryDirectory(prefix="frontdesk-backup-") as scratch:
        dumped = Path(scratch) / archive.DATABASE
        async with database.snapshot(installation.database_url, installation.schemas) as facts:
            if not facts.schemas:
                raise BackupError("the database holds nothing of Frontdesk's: there is nothing to back up")
            database.dump(installation.database_url, facts, dumped)
        file = target / f"{PREFIX}{facts.taken_at:%Y%m%dT%H%M%S%fZ}.tar" if _is_folder(target) else target
        if file.exists():
            raise BackupError(f"{file} is there already: name another file, or a folder")
        with archive.written(file) as writing:
            writing.add_file(archive.DATABASE, dumped)
            _add_stores(writing, installation)
            if passphrase is not None:
                writing.add_bytes(archive.KEYS, keys.seal_keys(installation.environment, passphrase))
            manifest = Manifest(
                version=version("frontdesk-cli"), taken_at=facts.taken_at, postgres=facts.postgres,
                schemas=dict(facts.schemas), rows=dict(facts.rows), keys=keys.fingerprints(installation.environment),
                with_keys=passphrase is not None, parts=writing.parts,
            )  # fmt: skip
            writing.close_with(manifest)
    return Taken(file, manifest, monotonic() - began, _removed(file.parent, keep))


def _is_folder(target: Path) -> bool:
    """A name that ends in .tar is a file, whether it is there or not."""
    return target.is_dir() or target.suffix != ".tar"


def _add_stores(writing: archive.Writing, installation: Installation) -> None:
    for key, content in stores.blobs(stores.open_store(installation.blob_url)):
        writing.add_bytes(archive.BLOBS + key, content)
    for name, file in stores.files_below(installation.files):
        writing.add_file(archive.FILES + name, file)
    for name, file in stores.files_below(installation.snapshots):
        writing.add_file(archive.SNAPSHOTS + name, file)


def _removed(folder: Path, keep: int | None) -> list[Path]:
    """Remove all but the newest; their names sort by their moment."""
    if keep is None:
        return []
    doomed = sorted(folder.glob(f"{PREFIX}*.tar"), reverse=True)[keep:]
    for file in doomed:
        file.unlink()
    return doomed
