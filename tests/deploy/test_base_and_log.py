"""deploy/postgres' settings in a real Postgres, and the runbook's own lines: a base and the log, and back to a moment."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import asyncpg
import pytest

from frontdesk.stack import ports
from frontdesk.stack.postgres import find_programs
from testkit.postgres import OwnPostgres, own_postgres

ROOT = Path(__file__).parents[2]
SETTINGS = (ROOT / "deploy" / "postgres" / "postgresql.conf").read_text(encoding="utf-8")
ARCHIVING = (ROOT / "deploy" / "postgres" / "archive.conf").read_text(encoding="utf-8")
ENTRIES = (ROOT / "deploy" / "postgres" / "pg_hba.conf").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "runbooks" / "restore.md").read_text(encoding="utf-8")
STATISTICS = "shared_preload_libraries = 'pg_stat_statements'"
"""Debian's and the container's Postgres have it; the embedded one is built without."""


@pytest.fixture(scope="module")
def archive() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-test-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def postgres(archive: Path) -> Iterator[OwnPostgres]:
    """A server with the settings as they are shipped, but for where it listens and where the log goes."""
    with own_postgres() as postgres:
        os.chown(archive, *postgres.owner)
        assert "listen_addresses = '*'" in SETTINGS
        settings = SETTINGS.replace("listen_addresses = '*'", "").replace(STATISTICS, "")
        archiving = ARCHIVING.replace("/var/lib/postgresql/archive", str(archive))
        assert str(archive) in archiving
        postgres.include({"shipped.conf": settings, "archive.conf": archiving})
        yield postgres


@pytest.fixture
async def owner(postgres: OwnPostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.server.url())
    try:
        yield connection
    finally:
        await connection.close()


async def test_the_shipped_settings_are_those_of_the_server_that_runs(owner: asyncpg.Connection) -> None:
    shipped = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", SETTINGS.replace(STATISTICS, ""), re.MULTILINE))
    rows = await owner.fetch("select name, current_setting(name) as value, sourcefile from pg_settings")
    found = {row["name"]: row for row in rows}

    del shipped["listen_addresses"]
    assert {name: found[name]["value"] for name in shipped} == shipped
    assert all(found[name]["sourcefile"].endswith("shipped.conf") for name in shipped)
    assert await owner.fetchval("select count(*) from pg_file_settings where error is not null") == 0


async def test_vectors_are_found_by_their_neighbours(owner: asyncpg.Connection) -> None:
    await owner.execute("create extension vector; create table places (at vector(3))")
    await owner.execute("insert into places values ('[0,0,1]'), ('[0,1,0]'), ('[1,0,0]')")
    await owner.execute("create index on places using hnsw (at vector_cosine_ops)")

    assert (
        await owner.fetchval("select at::text from places order by at <=> '[0.1,0.9,0]' limit 1") == "[0,1,0]"
    )


async def test_who_may_come_in_is_understood_by_the_server(
    owner: asyncpg.Connection, postgres: OwnPostgres
) -> None:
    """What the server would read; put in force it would shut us out."""
    file = postgres.data / "pg_hba.conf"
    before = file.read_text(encoding="utf-8")
    file.write_text(ENTRIES, encoding="utf-8")
    try:
        rules = await owner.fetch("select type, database, auth_method, error from pg_hba_file_rules")
    finally:
        file.write_text(before, encoding="utf-8")

    # The embedded one is built without TLS, and says so of each line that wants it.
    assert {rule["error"] for rule in rules} <= {
        None,
        "hostssl record cannot match because SSL is not supported by this build",
    }
    assert [line.split()[0] for line in ENTRIES.splitlines() if line and line[0] != "#"] == [
        "local", "local", "hostssl", "hostssl",
    ]  # fmt: skip
    assert {rule["auth_method"] for rule in rules} <= {"peer", "scram-sha-256", None}


async def test_the_runbooks_lines_bring_a_database_back_to_the_moment_before_a_mistake(
    postgres: OwnPostgres, archive: Path
) -> None:
    section = RUNBOOK.partition("## To a moment")[2].partition("\n## ")[0]
    take, put_back = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = _Lines(postgres, archive)
    await _say(
        postgres.server.url(),
        "create table leads (name text)",
        "insert into leads values ('before the base')",
    )
    lines.run(take)
    await _say(postgres.server.url(), "insert into leads values ('Frau Müller, after the base')")
    moment = datetime.now(UTC)
    await asyncio.sleep(0.05)
    await _say(postgres.server.url(), "drop table leads", "select pg_switch_wal()")
    last = await _archived(postgres.server.url())
    postgres.server.kill()
    began = monotonic()

    lines.run(put_back, moment=moment.isoformat())
    try:
        found = await _say(lines.url, "select string_agg(name, '; ' order by name) from leads")
        recovering = await _say(lines.url, "select pg_is_in_recovery()")
    finally:
        lines.stop()

    assert found == "Frau Müller, after the base; before the base"
    assert recovering is False
    size = sum(file.stat().st_size for file in archive.glob("*.gz"))  # noqa: ASYNC240 (a few files)
    print(
        f"\nback at {moment:%H:%M:%S} within {monotonic() - began:.1f} s; the log up to {last}: {size / 1e6:.1f} MB"
    )


class _Lines:
    """Lines of the runbook, as the server's user would type them on a machine with a fresh data folder."""

    def __init__(self, postgres: OwnPostgres, archive: Path) -> None:
        programs = find_programs()
        assert programs is not None
        self._own = postgres
        self._port = ports.free_block(1)
        self.url = postgres.server.url().replace(f":{postgres.port}/", f":{self._port}/")
        self._environment = {
            "PATH": f"{programs}:/usr/bin:/bin", "DATABASE_URL": postgres.server.url(), "ARCHIVE": str(archive),
            "BASE": str(archive / "base"), "PGDATA": str(archive / "data"),
        }  # fmt: skip

    def run(self, lines: str, *, moment: str = "") -> None:
        """Run them; an error ends them."""
        # Beside the server that was lost its address is taken.
        own = f"port = {self._port}\n"
        if moment:
            lines = lines.replace("cat >>", f"printf '{own}' >>\"$PGDATA/frontdesk.conf\"\ncat >>", 1)
        user, group = self._own.owner
        subprocess.run(
            ["bash", "-euc", lines], env={**self._environment, "MOMENT": moment}, check=True, timeout=120, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            **({"user": user, "group": group, "extra_groups": []} if os.getuid() == 0 else {}),
        )  # fmt: skip

    def stop(self) -> None:
        """Stop what was put back."""
        self.run('pg_ctl --pgdata="$PGDATA" --mode=immediate --wait stop')


async def _say(url: str, *statements: str) -> object:
    """What the last of the statements answers."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


async def _archived(url: str) -> str:
    """Wait until the segment that was just closed is in the archive; its name."""
    closed = await _say(url, "select pg_walfile_name(pg_current_wal_lsn() - 1)")
    async with asyncio.timeout(30):
        while (last := await _say(url, "select last_archived_wal from pg_stat_archiver")) is None or str(
            last
        ) < str(closed):
            failed = await _say(url, "select last_failed_wal from pg_stat_archiver")
            assert failed is None, f"{failed} could not be archived"
            await asyncio.sleep(0.05)
    return str(last)
