"""Migrations: a schema, its owner and a login role per service, Alembic per service, run before anyone starts.

The fleet's own tables, one set in each schema, have a history of their own beside the service's (ADR 0027): a new schema gets
them in their newest form, an older one takes the steps that it lacks.

The tables belong to a role that nobody logs in with: who owns a table may lift its row-level security, and empty it past
every policy. The service's own role reads and writes rows, and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import structlog
from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, PrimaryKeyConstraint, String, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from chassis.settings import Settings, database_role, owner_role
from chassis.tables import OPERATORS_SCHEMAS, fleet_tables

EXTENSIONS_SCHEMA = "extensions"
_log = structlog.get_logger("chassis.migration")
_FLEET_MIGRATIONS = Path(__file__).parent / "fleet_migrations"
_FLEET_VERSION = "fleet_version"
_FIRST_FORM = "0001"


class _Migrates(Protocol):
    """What of a service migrations need."""

    @property
    def schema(self) -> str: ...
    @property
    def migrations(self) -> Path: ...
    @property
    def settings(self) -> Settings: ...


async def migrate(service: _Migrates, revision: str = "head") -> None:
    """Bring a service's schema up to date: role, schema, then Alembic to the newest revision.

    Another `revision` is for tests of what becomes of the rows that an older one left.
    """
    await prepare_schema(service.settings, service.schema)
    await _in_alembic(service, command.upgrade, revision)
    await migrate_fleet_tables(service)


async def migrate_down(service: _Migrates) -> None:
    """Take a service's schema back to before its first revision; for tests of the way back."""
    await _in_alembic(service, command.downgrade, "base")


async def migrate_fleet_tables(service: _Migrates, revision: str = "head") -> None:
    """Bring the fleet's own tables of a schema to a form; an older `revision` is for tests of the way there and back."""
    fleet = _FleetTables(service.schema, service.settings)
    async with _alembic:
        await _migrate(fleet, _move_fleet_tables, revision)


async def current_revision(service: _Migrates) -> tuple[str | None, str | None]:
    """The revision that the database has, and the newest one that the code has."""
    config = _config(service.migrations)
    head = ScriptDirectory.from_config(config).get_current_head()
    engine = create_async_engine(_owner_url(service.settings))
    try:
        async with engine.connect() as connection:
            found = await connection.execute(
                text("select to_regclass(:name)"), {"name": f"{service.schema}.alembic_version"}
            )
            if found.scalar() is None:
                return None, head
            version = await connection.execute(
                text(f'select version_num from "{service.schema}".alembic_version')  # noqa: S608 — our own schema
            )
            return version.scalar(), head
    finally:
        await engine.dispose()


async def prepare_schema(settings: Settings, schema: str) -> None:
    """Make a service's schema, its owner and its login role; a role can reach its own schema alone."""
    for again in (True, True, True, False):
        try:
            await _prepare_schema(settings, schema)
        except (
            asyncpg.InternalServerError
        ):  # "tuple concurrently updated": roles belong to all databases of a server
            if not again:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def _prepare_schema(settings: Settings, schema: str) -> None:
    role, password = database_role(schema), settings.database_password(schema)
    owner = owner_role(schema)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext('frontdesk-migrate'))")
            await connection.execute(f'create schema if not exists "{EXTENSIONS_SCHEMA}"')
            await connection.execute(f'create extension if not exists vector schema "{EXTENSIONS_SCHEMA}"')
            await connection.execute(f'grant usage on schema "{EXTENSIONS_SCHEMA}" to public')
            await connection.execute("revoke all on schema public from public")
            await _keep_role(connection, role, f"login password '{password}'")
            await _keep_role(connection, owner, "nologin")
            database = await connection.fetchval("select current_database()")
            await connection.execute(f'revoke all on database "{database}" from public')
            await connection.execute(f'grant connect on database "{database}" to "{role}"')
            await _give_to_owner(connection, schema, role, owner)
            if schema in OPERATORS_SCHEMAS:
                await _let_owner_watch(connection, owner)
            await connection.execute(
                f'alter role "{role}" in database "{database}" set search_path = "{schema}", "{EXTENSIONS_SCHEMA}"'
            )
    finally:
        await connection.close()


async def _keep_role(connection: asyncpg.Connection, role: str, log_in: str) -> None:
    strong = await connection.fetchval(
        "select rolsuper or rolbypassrls or rolcreatedb or rolcreaterole from pg_roles where rolname = $1",
        role,
    )
    verb = "create" if strong is None else "alter"
    # Only a superuser may speak of these on a role that there is, even to say no: said where there is something to take away.
    weak = "" if strong is False else "nosuperuser nobypassrls nocreatedb nocreaterole"
    await connection.execute(f'{verb} role "{role}" {log_in} {weak}')
    # Who migrates acts as them, and need be no superuser for it.
    await connection.execute(f'grant "{role}" to current_user')


async def _give_to_owner(connection: asyncpg.Connection, schema: str, role: str, owner: str) -> None:
    """All tables of a schema, those of before too, belong to its owner; the login role has their rows."""
    await connection.execute(f'create schema if not exists "{schema}" authorization "{owner}"')
    await connection.execute(f'alter schema "{schema}" owner to "{owner}"')
    await connection.execute(f'reassign owned by "{role}" to "{owner}"')
    await connection.execute(f'grant usage on schema "{schema}" to "{role}"')
    await connection.execute(
        f'grant select, insert, update, delete on all tables in schema "{schema}" to "{role}"'
    )
    await connection.execute(
        f'alter default privileges for role "{owner}" in schema "{schema}" '
        f'grant select, insert, update, delete on tables to "{role}"'
    )


async def _let_owner_watch(connection: asyncpg.Connection, owner: str) -> None:
    """The operators' owner may see what all roles run; its login role sees of it what functions show (ADR 0035).

    Who migrates may be too weak to grant it: then the functions show less, and nothing else is missing.
    """
    try:
        async with connection.transaction():
            await connection.execute(f'grant pg_read_all_stats to "{owner}"')
    except asyncpg.InsufficientPrivilegeError:
        _log.warning(
            "statements of other roles will not be seen: grant pg_read_all_stats by hand", role=owner
        )


def run_migrations() -> None:
    """The whole of a service's `migrations/env.py`: run what Alembic was asked for, in the service's schema."""
    connection: Connection = context.config.attributes["connection"]
    schema: str = context.config.attributes["schema"]
    context.configure(
        connection=connection, version_table=context.config.attributes["version_table"],
        version_table_schema=schema, transaction_per_migration=True,
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()


def create_fleet_tables(op: Operations) -> None:
    """Make the fleet's own tables in their newest form, in a service's first revision."""
    for table in fleet_tables(None).all():
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            op.execute(CreateIndex(index))
    op.create_table(_FLEET_VERSION, Column("version_num", String(32), nullable=False),
                    PrimaryKeyConstraint("version_num", name=f"{_FLEET_VERSION}_pkc"))  # fmt: skip
    op.execute(f"insert into {_FLEET_VERSION} values ('{fleet_head()}')")  # noqa: S608 — our own file's name


def drop_fleet_tables(op: Operations) -> None:
    """Undo `create_fleet_tables`."""
    for table in reversed(fleet_tables(None).all()):
        op.drop_table(table.name)
    op.drop_table(_FLEET_VERSION)


def fleet_head() -> str:
    """The newest form of the fleet's own tables."""
    head = ScriptDirectory.from_config(_config(_FLEET_MIGRATIONS)).get_current_head()
    assert head is not None
    return head


@dataclass(frozen=True, slots=True)
class _FleetTables:
    """The fleet's own tables of one schema, as something that migrates."""

    schema: str
    settings: Settings
    migrations: Path = _FLEET_MIGRATIONS


def _move_fleet_tables(config: Config, revision: str) -> None:
    connection: Connection = config.attributes["connection"]
    config.attributes["version_table"] = _FLEET_VERSION
    there = inspect(connection).get_table_names(config.attributes["schema"])
    if "dead_letters" not in there:
        return  # the service's own history has not made them yet
    if _FLEET_VERSION not in there:
        command.stamp(config, _FIRST_FORM)  # made before their form had a number
    forms = ScriptDirectory.from_config(config)
    newer = [form.revision for form in forms.walk_revisions("base", "head")]
    known = connection.execute(text(f"select version_num from {_FLEET_VERSION}")).scalar()  # noqa: S608 — our own table
    connection.commit()
    wanted = forms.get_current_head() if revision == "head" else revision
    assert wanted is not None
    verb = command.upgrade if newer.index(wanted) <= newer.index(str(known)) else command.downgrade
    verb(config, wanted)


def isolate_tenants(op: Operations, *tables: str) -> None:
    """Bind every row of the tables to one tenant, enforced by the database for everyone but superusers."""
    for table in tables:
        op.execute(f'alter table "{table}" enable row level security')
        op.execute(f'alter table "{table}" force row level security')
        op.execute(
            f'create policy tenant_isolation on "{table}" '
            "using (tenant_id = nullif(current_setting('app.tenant_id', true), '')) "
            "with check (tenant_id = nullif(current_setting('app.tenant_id', true), ''))"
        )


def bind_to(op: Operations, table: str, parent: str, *columns: str) -> None:
    """Have rows refer to rows of the same tenant alone.

    The tenant stands in the key because the check of a foreign key sees through row-level security; it is made at the
    commit, so that the order of writes within a transaction is free.
    """
    key = ["tenant_id", *columns]
    op.create_foreign_key(None, table, parent, key, key, deferrable=True, initially="DEFERRED")


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return config


_alembic = asyncio.Lock()
"""Alembic's environment is one per process: two services are migrated one after the other."""


async def _in_alembic(service: _Migrates, verb: Callable[[Config, str], None], revision: str) -> None:
    async with _alembic:
        await _migrate(service, verb, revision)


async def _migrate(service: _Migrates, verb: Callable[[Config, str], None], revision: str) -> None:
    engine = create_async_engine(_owner_url(service.settings))
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f'set role "{owner_role(service.schema)}"'))
            await connection.execute(text(f'set search_path = "{service.schema}", "{EXTENSIONS_SCHEMA}"'))
            await connection.commit()
            await connection.run_sync(_run, service, verb, revision)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(
    connection: Connection, service: _Migrates, verb: Callable[[Config, str], None], revision: str
) -> None:
    config = _config(service.migrations)
    config.attributes.update(connection=connection, schema=service.schema, version_table="alembic_version")
    verb(config, revision)


def _owner_url(settings: Settings) -> str:
    parts = urlsplit(settings.database_url.get_secret_value())
    return urlunsplit(parts._replace(scheme="postgresql+asyncpg"))


__all__ = [
    "bind_to",
    "create_fleet_tables",
    "current_revision",
    "drop_fleet_tables",
    "fleet_head",
    "isolate_tenants",
    "migrate",
    "migrate_down",
    "migrate_fleet_tables",
    "prepare_schema",
    "run_migrations",
]
