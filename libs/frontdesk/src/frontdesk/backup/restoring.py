"""Put a backup back: into an empty installation, or in the place of one that is there.

Everything is checked before anything is touched. Blobs and files come first, for they are only added; the database is put
back in one transaction, so that a restore that fails leaves the one that was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from alembic.config import Config
from alembic.script import ScriptDirectory
from obstore.exceptions import BaseError

from chassis import Service
from chassis.migration import fleet_head, prepare_schema
from chassis.settings import database_role
from frontdesk.backup import archive, database, keys, stores
from frontdesk.backup.errors import BackupError
from frontdesk.backup.installation import Installation
from frontdesk.backup.manifest import Manifest
from frontdesk.fleet.house import prepare

_VERSION_TABLES = ("alembic_version", "fleet_version")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and how old it is."""

    manifest: Manifest
    seconds: float
    age: timedelta
    """From the backup's moment until now: what was written in between is lost."""


async def restore_backup(
    installation: Installation,
    services: Sequence[Service],
    file: Path,
    *,
    replace: bool = False,
    keys_lost: bool = False,
) -> Restored:
    """Put a backup back and bring it up to this code: schemas migrated, queues declared.

    Refused, in words, before anything is touched: a file that was changed or cut off, one of a newer release, another key
    ring (unless the keys are lost), a fleet that runs, rows that are there (unless they are to be replaced). Raises `BackupError`.
    """
    began = monotonic()
    manifest = archive.read_checked(file)
    if archive.DATABASE not in manifest.parts:
        raise BackupError(f"{file} holds no {archive.DATABASE}: this is no backup of Frontdesk's")
    _check_release(manifest, services)
    _check_keys(manifest, installation, keys_lost=keys_lost)
    await _check_database(manifest, installation, services, replace=replace)
    try:
        _put_back_all_but_rows(installation, file)
    except (OSError, BaseError) as error:
        raise BackupError(
            f"blobs and files cannot be put back, the database is as it was: {error}"
        ) from error
    for service in services:
        await prepare_schema(service.settings, service.schema)
    doomed = manifest.schemas.keys() | {service.schema for service in services}
    postgres = await _server(installation)
    for name, content in archive.parts_of(file):
        if name == archive.DATABASE:
            database.load(installation.database_url, content, postgres=postgres, doomed=sorted(doomed))
            break
    _check_rows(manifest.rows, await database.counted_now(installation.database_url, manifest.schemas))
    await prepare(services)
    return Restored(manifest, monotonic() - began, datetime.now(UTC) - manifest.taken_at)


def read_keys(file: Path, passphrase: str) -> Mapping[str, str]:
    """The keys that lie sealed in a backup. Raises `BackupError`."""
    archive.read_checked(file)
    sealed = next((content.read() for name, content in archive.parts_of(file) if name == archive.KEYS), None)
    if sealed is None:
        raise BackupError(f"{file} holds no keys: it was taken without --with-keys")
    return keys.open_keys(sealed, passphrase)


def _put_back_all_but_rows(installation: Installation, file: Path) -> None:
    """Put each part that is no row in its place, on the disk."""
    store = stores.open_store(installation.blob_url)
    for name, content in archive.parts_of(file):
        if name.startswith(archive.BLOBS):
            store.put(name.removeprefix(archive.BLOBS), content.read())
        elif name.startswith(archive.FILES):
            _write(stores.place_below(installation.files, name.removeprefix(archive.FILES)), content)
        elif name.startswith(archive.SNAPSHOTS):
            _write(stores.place_below(installation.snapshots, name.removeprefix(archive.SNAPSHOTS)), content)
    os.sync()


def _write(target: Path, content: archive.Readable) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with target.open("wb") as output:
        while piece := content.read(1 << 20):
            output.write(piece)


def _check_release(manifest: Manifest, services: Sequence[Service]) -> None:
    """Each revision of the backup must be one that this code knows."""
    by_schema = {service.schema: service for service in services}
    newer = "the backup comes from a newer release"
    for schema, state in manifest.schemas.items():
        if schema not in by_schema:
            raise BackupError(
                f"{newer}: this one has no service {schema}; restore with release {manifest.version} or newer"
            )
        if state.revision is not None and state.revision not in _revisions(by_schema[schema].migrations):
            raise BackupError(
                f"{newer}: {schema} stands at revision {state.revision}, which this code does not know; "
                f"restore with release {manifest.version} or newer"
            )
        if state.fleet_revision is not None and state.fleet_revision > fleet_head():
            raise BackupError(
                f"{newer}: the fleet's tables of {schema} have form {state.fleet_revision}, this code's is {fleet_head()}"
            )


def _revisions(migrations: Path) -> set[str]:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _check_keys(manifest: Manifest, installation: Installation, *, keys_lost: bool) -> None:
    missing = keys.lacking(manifest.keys, keys.fingerprints(installation.environment))
    if missing and not keys_lost:
        how = (
            "--with-keys takes it from this backup"
            if manifest.with_keys
            else "put it back into FRONTDESK_MASTER_KEY"
        )
        raise BackupError(
            f"the backup was taken under the key {missing[0]!r} with fingerprint {manifest.keys[missing[0]]}, which is not in this "
            f"installation's key ring: nothing sealed would open. {how}; if it is lost for good, --keys-lost goes on without"
        )


async def _check_database(
    manifest: Manifest, installation: Installation, services: Sequence[Service], *, replace: bool
) -> None:
    url = installation.database_url
    if (server := await _server(installation)) < manifest.postgres:
        raise BackupError(
            f"the backup comes from Postgres {manifest.postgres}; this server is {server}, and older"
        )
    if busy := await database.who_is_connected(url, [database_role(service.schema) for service in services]):
        raise BackupError(f"the fleet runs: {', '.join(busy)} are logged in to this database; stop it first")
    rows = await database.counted_now(url, manifest.schemas.keys() | {service.schema for service in services})
    there = {name: count for name, count in rows.items() if count and not name.endswith(_VERSION_TABLES)}
    if there and not replace:
        most = sorted(there.items(), key=lambda item: -item[1])[:5]
        raise BackupError(
            f"the database is not empty: {sum(there.values())} rows in {len(there)} tables "
            f"({', '.join(f'{name} {count}' for name, count in most)}); --replace puts the backup in their place"
        )


def _check_rows(wanted: Mapping[str, int], found: Mapping[str, int]) -> None:
    differing = [
        f"{name}: {count} in the backup, {found.get(name, 0)} restored"
        for name, count in wanted.items()
        if found.get(name) != count
    ]
    if differing:
        raise BackupError(f"the restored rows are not the backup's: {'; '.join(differing[:5])}")


async def _server(installation: Installation) -> int:
    return await database.server_version(installation.database_url)
