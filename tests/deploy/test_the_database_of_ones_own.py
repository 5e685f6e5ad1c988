"""deploy/postgres/setup.sql, run as an operator would: its owner, no superuser, migrates, and tenants stay apart."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

import chassis
from chassis.migration import current_revision, migrate
from chassis.settings import database_role, owner_role
from frontdesk.fleet.roster import environ
from frontdesk.stack import Stack
from frontdesk.stack.postgres import find_programs

ROOT = Path(__file__).parents[2]
SERVICES = {
    "tenancy": ("credentials", "name, version, changed_at", "'imap', 1, now()"),
    "reporting": (
        "journal",
        "message_id, type, source, subject, said_at, correlation_id, body",
        "'m1', 'lead.created.v1', 'orchestrator', 'lead-1', now(), 'c1', '{}'",
    ),
}
"""Services, and of each a table with what stands in a row of it."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration needs of a service; its schema has a name of its own, for roles belong to all databases."""

    schema: str
    migrations: Path
    settings: chassis.Settings


@pytest.fixture
def services(stack: Stack, environment: dict[str, str]) -> Iterator[list[Migrated]]:
    """Two services on a database that the script has made, with its owner's address; all is gone afterwards."""
    name = f"own_{secrets.token_hex(4)}"
    password = secrets.token_hex(12)
    with environ({**environment, "DATABASE_URL": _at(stack, name, f"{name}:{password}@")}):
        settings = chassis.Settings()  # pyright: ignore[reportCallIssue] — read from the environment
    made = [
        Migrated(f"{name}_{each}", ROOT / "services" / each / "migrations", settings) for each in SERVICES
    ]
    _psql(
        stack.database_url, f"--set=owner={name}", f"--set=database={name}", f"--set=owner_password={password}",
        "--file=deploy/postgres/setup.sql",
    )  # fmt: skip
    try:
        yield made
    finally:
        stack.drop_database(name)
        roles = [role(each.schema) for each in made for role in (database_role, owner_role)]
        gone = ", ".join(f'"{role}"' for role in (*roles, name))
        _psql(stack.database_url, f"--command=drop role if exists {gone}")


async def test_an_owner_without_superuser_rights_migrates_and_tenants_stay_apart(
    services: list[Migrated],
) -> None:
    for service in services:
        await migrate(service)
        await migrate(service)

        revision, newest = await current_revision(service)
        assert revision == newest
        await _tenants_stay_apart(service)


async def _tenants_stay_apart(service: Migrated) -> None:
    address = service.settings.service_database_url(service.schema).replace("+asyncpg", "")
    connection = await asyncpg.connect(address)
    try:
        open_tables = await connection.fetch(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace join pg_policies p "
            "on p.schemaname = nspname and p.tablename = relname where nspname = $1 and not relrowsecurity",
            service.schema,
        )
        assert open_tables == []
        table, columns, values = SERVICES[service.schema.rpartition("_")[2]]
        write = f"insert into {table} (tenant_id, {columns}) values ($1, {values})"
        count = f"select count(*) from {table}"
        await connection.execute("select set_config('app.tenant_id', 'acme', false)")
        if service.schema.endswith("_tenancy"):
            await connection.execute("insert into directory (tenant_id, name) values ('acme', 'Acme')")
        await connection.execute(write, "acme")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute(write, "globex")
        assert await connection.fetchval(count) == 1
        await connection.execute("select set_config('app.tenant_id', 'globex', false)")
        assert await connection.fetchval(count) == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="owner"):
            await connection.execute(f"alter table {table} disable row level security")
    finally:
        await connection.close()


def _at(stack: Stack, database: str, who: str) -> str:
    parts = urlsplit(stack.database_url)
    return parts._replace(netloc=who + parts.netloc.rpartition("@")[2], path=f"/{database}").geturl()


def _psql(url: str, *arguments: str) -> None:
    programs = find_programs()
    assert programs is not None
    done = subprocess.run(
        [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *arguments, url],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
