"""The database's side of a backup: one snapshot out, one transaction in.

`pg_dump` and `psql` of the server's own major version do the work: the embedded ones, or those on the PATH.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import asyncpg

from chassis.migration import EXTENSIONS_SCHEMA
from frontdesk.backup.archive import Readable
from frontdesk.backup.errors import BackupError
from frontdesk.backup.manifest import SchemaState
from frontdesk.stack.postgres import find_programs

_COMPRESSION = "gzip:1"
"""Every build of Postgres' programs reads gzip, not so zstd and lz4; level 6 takes three times as long and saves an eighth."""
_INDEX_MEMORY = "256MB"
"""For the indexes that are built anew."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a snapshot holds."""

    taken_at: datetime
    postgres: int
    schemas: Mapping[str, SchemaState]
    rows: Mapping[str, int]
    snapshot: str


@asynccontextmanager
async def snapshot(url: str, schemas: Sequence[str]) -> AsyncIterator[Facts]:
    """One moment of the database, held open for `dump`: what is counted is what is dumped."""
    connection = await _connected(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("set local row_security = off")
            opened = await connection.fetch(
                "select pg_export_snapshot() as name, transaction_timestamp() as at"
            )
            yield Facts(
                taken_at=opened[0]["at"],
                postgres=connection.get_server_version().major,
                schemas=await states(connection, schemas),
                rows=await counted(connection, schemas),
                snapshot=opened[0]["name"],
            )
    except asyncpg.InsufficientPrivilegeError as error:
        raise BackupError(
            f"{error}: a backup reads the rows of all tenants; DATABASE_URL must name a superuser or a role with BYPASSRLS"
        ) from error
    finally:
        await connection.close()


def dump(url: str, facts: Facts, target: Path) -> None:
    """Write the schemas of a snapshot in Postgres' custom format. Raises `BackupError`."""
    wanted = [f"--schema={schema}" for schema in (*facts.schemas, EXTENSIONS_SCHEMA)]
    _run(
        _program("pg_dump", facts.postgres), url,
        "--format=custom", f"--compress={_COMPRESSION}", f"--snapshot={facts.snapshot}", "--extension=vector", f"--file={target}", *wanted,
    )  # fmt: skip


def load(url: str, dumped: Readable, *, postgres: int, doomed: Iterable[str]) -> None:
    """Put a dump in the place of these schemas: all of it or, when anything fails, nothing. Raises `BackupError`.

    It flows from the archive through `pg_restore` and `psql` into one transaction and is nowhere stored in between. The
    transaction is committed by us, and only when `pg_restore` has said that it read the dump to its end.
    """
    drops = "".join(f'drop schema if exists "{name}" cascade;\n' for name in (*doomed, EXTENSIONS_SCHEMA))
    with tempfile.TemporaryFile() as said_by_psql, tempfile.TemporaryFile() as said_by_restore:
        where, who = _login(url)
        psql = subprocess.Popen(
            [_program("psql", postgres), *where, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"],
            env=who, stdin=subprocess.PIPE, stderr=said_by_psql,
        )  # fmt: skip
        assert psql.stdin is not None
        whole = False
        with contextlib.suppress(BrokenPipeError), psql.stdin as script:
            script.write(f"begin;\nset local maintenance_work_mem = '{_INDEX_MEMORY}';\n{drops}".encode())
            script.flush()
            whole = _unpacked(_program("pg_restore", postgres), dumped, into=script, errors=said_by_restore)
            script.write(b"\ncommit;\nanalyze;\n" if whole else b"")
        failed = psql.wait() != 0
        for program, output in (("psql", said_by_psql), ("pg_restore", said_by_restore)):
            output.seek(0)
            words = output.read().decode(errors="replace").strip()
            if failed if program == "psql" else not whole:
                raise BackupError(f"{program} failed, the database is as it was: {words[:600]}")


def _unpacked(program: str, dumped: Readable, *, into: IO[bytes], errors: IO[bytes]) -> bool:
    """Turn a dump into statements; whether it was read to its end."""
    restore = subprocess.Popen([program, "--file=-"], stdin=subprocess.PIPE, stdout=into, stderr=errors)
    assert restore.stdin is not None
    with contextlib.suppress(BrokenPipeError), restore.stdin as stream:
        shutil.copyfileobj(dumped, stream, 1 << 20)
    return restore.wait() == 0


async def states(connection: asyncpg.Connection, schemas: Iterable[str]) -> dict[str, SchemaState]:
    """The revisions of the schemas that are there."""
    found: dict[str, SchemaState] = {}
    for schema in schemas:
        if await connection.fetchval("select to_regnamespace($1)", f'"{schema}"') is not None:
            found[schema] = SchemaState(
                revision=await _revision(connection, schema, "alembic_version"),
                fleet_revision=await _revision(connection, schema, "fleet_version"),
            )
    return found


async def counted(connection: asyncpg.Connection, schemas: Iterable[str]) -> dict[str, int]:
    """Rows by table."""
    tables = await connection.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = any($1) order by 1",
        list(schemas),
    )
    found: dict[str, int] = {}
    for row in tables:
        counts = await connection.fetch(f"select count(*) as rows from {row['name']}")  # noqa: S608 (quoted by the database)
        found[row["name"]] = counts[0]["rows"]
    return found


async def counted_now(url: str, schemas: Iterable[str]) -> dict[str, int]:
    """Rows by table at this moment."""
    connection = await _connected(url)
    try:
        await connection.execute("set row_security = off")
        return await counted(connection, schemas)
    finally:
        await connection.close()


async def who_is_connected(url: str, roles: Iterable[str]) -> list[str]:
    """Those of the roles that are logged in to this database."""
    connection = await _connected(url)
    try:
        rows = await connection.fetch(
            "select distinct usename::text as role from pg_stat_activity where datname = current_database() "
            "and usename = any($1) order by 1",
            list(roles),
        )
        return [row["role"] for row in rows]
    finally:
        await connection.close()


async def server_version(url: str) -> int:
    """The server's major version."""
    connection = await _connected(url)
    try:
        return connection.get_server_version().major
    finally:
        await connection.close()


async def _revision(connection: asyncpg.Connection, schema: str, table: str) -> str | None:
    if await connection.fetchval("select to_regclass($1)", f'"{schema}".{table}') is None:
        return None
    found: str | None = await connection.fetchval(f'select version_num from "{schema}".{table}')  # noqa: S608 (our own schema)
    return found


async def _connected(url: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise BackupError(
            f"the database does not answer ({type(error).__name__}): 'frontdesk doctor' says what to do"
        ) from error


def _program(name: str, major: int) -> str:
    """The program of the server's major version: an older one refuses, a newer one writes what an older server cannot read."""
    embedded = find_programs()
    places = [
        str(embedded / name) if embedded else None,
        f"/usr/lib/postgresql/{major}/bin/{name}",
        shutil.which(name),
    ]
    for place in places:
        if place is not None and Path(place).exists() and _major(place) == major:
            return place
    raise BackupError(
        f"{name} of Postgres {major}, the server's version, is not installed: apt install postgresql-client-{major}"
    )


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\s(\d+)", said)
    return int(found[1]) if found else 0


def _run(program: str, url: str, *arguments: str) -> None:
    """Run one of Postgres' programs to its end."""
    where, who = _login(url)
    done = subprocess.run(
        [program, *where, *arguments], env=who, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise BackupError(f"{Path(program).name} failed: {done.stderr.strip()[-600:]}")


def _login(url: str) -> tuple[list[str], dict[str, str]]:
    """An argument and an environment; the password goes by the environment, where no list of processes shows it."""
    parts = urlsplit(url)
    who = {"PGUSER": unquote(parts.username or ""), "PGPASSWORD": unquote(parts.password or "")}
    where = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return [f"--dbname={where}"], {**os.environ, **{name: value for name, value in who.items() if value}}
