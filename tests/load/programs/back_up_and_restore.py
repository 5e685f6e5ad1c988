"""Fills an installation with rows and documents, backs it up, loses it, restores it; and the same by bare programs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import asyncpg
from pydantic import BaseModel
from talk import answer, asked

from chassis import Service
from chassis.migration import migrate
from frontdesk.backup.installation import Installation
from frontdesk.backup.restoring import restore_backup
from frontdesk.backup.taking import take_backup
from frontdesk.fleet.roster import environ
from frontdesk.stack.postgres import find_programs
from reporting.app import create_service as create_reporting
from tenancy.app import create_service as create_tenancy

DOCUMENT_BYTES = 256 * 1024
WORDS = [
    "Sehr",
    "geehrte",
    "Damen",
    "und",
    "Herren",
    "wir",
    "suchen",
    "eine",
    "Wohnung",
    "mit",
    "drei",
    "Zimmern",
    "und",
    "Balkon",
    "in",
    "der",
    "Nähe",
    "des",
    "Bahnhofs",
    "ab",
    "Oktober",
    "können",
    "Sie",
    "uns",
    "bitte",
    "einen",
    "Termin",
    "zur",
    "Besichtigung",
    "nennen",
    "anbei",
    "der",
    "Grundriss",
    "sowie",
    "die",
    "Unterlagen",
    "vielen",
    "Dank",
    "im",
    "Voraus",
    "freundliche",
    "Grüße",
    "Müller",
    "Größe",
    "Straße",
    "Kaution",
    "Nebenkosten",
    "Heizung",
    "Küche",
    "Keller",
    "Stellplatz",
    "Makler",
    "Angebot",
    "Rückfrage",
]


class Asked(BaseModel):
    """How much: one half of it rows, one half documents."""

    megabytes: int
    scratch: Path


async def main() -> None:
    """Measure once."""
    wanted = asked(Asked)
    scratch = wanted.scratch
    shutil.rmtree(scratch, ignore_errors=True)
    environment = {**os.environ, "BLOB_URL": (scratch / "blobs").as_uri(), "HTTP_PORT": "1"}
    installation = Installation(
        environment=environment, database_url=environment["DATABASE_URL"], blob_url=environment["BLOB_URL"],
        files=scratch / "files", snapshots=scratch / "snapshots", schemas=["tenancy", "reporting"],
    )  # fmt: skip
    with environ(environment):
        services: list[Service] = [create_tenancy(), create_reporting()]
    for service in services:
        await migrate(service)
    rows = await fill_rows(installation.database_url, wanted.megabytes * 500_000)
    documents = fill_documents(scratch / "blobs", wanted.megabytes * 500_000)
    database_mb = float(
        await one_value(installation.database_url, "select pg_database_size(current_database()) / 1e6")
    )
    say(f"{rows} rows in {database_mb:.0f} MB of database, {documents} documents")

    bare_backup = bare_backed_up(installation.database_url, scratch)
    taken = await take_backup(installation, scratch / "backups")
    say(f"backup {taken.seconds:.1f} s, bare {bare_backup:.1f} s")
    bare_restore = await bare_restored(installation.database_url, scratch)
    await lose_everything(installation.database_url, scratch)
    restored = await restore_backup(installation, services, taken.file)
    say(
        f"restore {restored.seconds:.1f} s, bare {bare_restore:.1f} s, as of {restored.age.total_seconds():.0f} s ago"
    )
    file_mb = taken.file.stat().st_size / 1e6
    shutil.rmtree(scratch)
    answer(
        backup_s=taken.seconds, bare_backup_s=bare_backup, restore_s=restored.seconds, bare_restore_s=bare_restore,
        file_mb=file_mb, database_mb=database_mb, documents_mb=documents * DOCUMENT_BYTES / 1e6,
    )  # fmt: skip


async def fill_rows(url: str, size: int) -> int:
    """Put entries with bodies of about 1 KB into the journal, until their text is this long; returns how many."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("set row_security = off")
        columns = [
            "tenant_id",
            "message_id",
            "type",
            "source",
            "subject",
            "said_at",
            "correlation_id",
            "body",
        ]
        await connection.copy_records_to_table(
            "journal", schema_name="reporting", columns=columns, records=entries(size)
        )
        await connection.execute("vacuum analyze reporting.journal")
        return int(await connection.fetchval("select count(*) from reporting.journal"))
    finally:
        await connection.close()


def entries(size: int) -> Iterator[tuple[str | datetime, ...]]:
    """Entries of 50 tenants, over a year."""
    chance, written, number = random.Random(0), 0, 0
    began = datetime(2026, 1, 1, tzinfo=UTC)
    while written < size:
        body = json.dumps(
            {"text": " ".join(chance.choices(WORDS, k=130)), "number": number}, ensure_ascii=False
        )
        name = hashlib.md5(str(number).encode()).hexdigest()
        yield (
            f"tenant-{number % 50}", name, "message.received.v1", "email-ingest", f"lead-{number // 5}",
            began + timedelta(minutes=number), name[:16] + str(number // 5), body,
        )  # fmt: skip
        written += len(body.encode())
        number += 1


def fill_documents(folder: Path, size: int) -> int:
    """Store documents, as little compressible as a PDF, under the names that the blob store gives; returns how many."""
    count = size // DOCUMENT_BYTES
    for number in range(count):
        content = os.urandom(DOCUMENT_BYTES)
        target = folder / f"tenant-{number % 50}" / hashlib.sha256(content).hexdigest()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return count


def bare_backed_up(url: str, scratch: Path) -> float:
    """Seconds of `pg_dump` as it comes, and of a copy of the documents, both on the disk."""
    began = monotonic()
    postgres("pg_dump", url, "--format=custom", f"--file={scratch / 'bare.dump'}")
    copied(scratch / "blobs", scratch / "bare")
    return monotonic() - began


async def bare_restored(url: str, scratch: Path) -> float:
    """Seconds of `pg_restore` in one transaction into an empty database, and of a copy of the documents."""
    other = urlsplit(url)._replace(path=f"{urlsplit(url).path}_bare")
    await one_value(url, f'create database "{other.path[1:]}"')
    began = monotonic()
    postgres("pg_restore", other.geturl(), "--single-transaction", str(scratch / "bare.dump"))
    copied(scratch / "bare", scratch / "bare-again")
    seconds = monotonic() - began
    await one_value(url, f'drop database "{other.path[1:]}"')
    for folder in ("bare", "bare-again"):
        shutil.rmtree(scratch / folder)
    return seconds


async def lose_everything(url: str, scratch: Path) -> None:
    """The schemas and the documents are gone."""
    for schema in ("tenancy", "reporting", "extensions"):
        await one_value(url, f"drop schema {schema} cascade")
    shutil.rmtree(scratch / "blobs")


def postgres(program: str, url: str, *arguments: str) -> None:
    """Run one of Postgres' programs."""
    folder = find_programs()
    assert folder is not None
    subprocess.run([folder / program, f"--dbname={url}", *arguments], check=True)


def copied(source: Path, target: Path) -> None:
    """Copy a folder, and wait until it is on the disk."""
    shutil.copytree(source, target)
    os.sync()


async def one_value(url: str, sql: str) -> object:
    """What a statement answers."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def say(sentence: str) -> None:
    """Tell whoever watches."""
    print(f"  {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
