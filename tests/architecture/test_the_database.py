"""Every service's schema on the real database: migrated up, down and up; tenants apart; no role in another's schema."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import entry_points
from pathlib import Path

import asyncpg
import pytest
from starlette.testclient import TestClient

from chassis import Service
from chassis.migration import current_revision, migrate, migrate_down
from chassis.settings import database_role
from chassis.tables import FLEET_TABLES, OPERATORS_SCHEMAS, fleet_tables
from frontdesk.generate.fleet import GROUP
from frontdesk.stack import Stack
from tenancy.domain.permissions import SCOPES
from testkit.architecture.tree import Tree
from testkit.service import environ

SERVICES = Tree(Path(__file__).parents[2]).services()
every_service = pytest.mark.parametrize("name", [service.name for service in SERVICES])

POLICY = "NULLIF(current_setting('app.tenant_id'::text, true), ''::text)"


@pytest.fixture(scope="module")
def empty_database(stack: Stack, database_url: str) -> Iterator[str]:
    """A database that no other test has migrated; where one was given from outside, that one."""
    if "DATABASE_URL" in os.environ:
        yield database_url
        return
    name = f"test_{os.getpid()}_{secrets.token_hex(3)}"
    yield stack.create_database(name)
    stack.drop_database(name)


@pytest.fixture(scope="module")
async def services(environment: dict[str, str], empty_database: str) -> AsyncIterator[dict[str, Service]]:
    """Every service, migrated up, down and up again."""
    with environ({**environment, "DATABASE_URL": empty_database}):
        made: dict[str, Service] = {point.name: point.load()() for point in entry_points(group=GROUP)}
    for service in made.values():
        await migrate(service)
    yield made
    for service in made.values():
        await service.database.close()


@pytest.fixture
async def owner(services: dict[str, Service], empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(empty_database)
    yield connection
    await connection.close()


@every_service
async def test_a_service_can_be_migrated_up_and_down_and_up(
    services: dict[str, Service], owner: asyncpg.Connection, name: str
) -> None:
    service = services[name]
    everything = await tables(owner, service.schema)

    await migrate_down(service)
    left = await tables(owner, service.schema)
    await migrate(service)

    assert left == {"alembic_version"}
    assert await tables(owner, service.schema) == everything
    current, head = await current_revision(service)
    assert current == head is not None


@every_service
async def test_every_table_keeps_tenants_apart_by_force(
    services: dict[str, Service], owner: asyncpg.Connection, name: str
) -> None:
    assert await open_tables(owner, services[name].schema) == []


@every_service
async def test_every_key_holds_the_tenant(
    services: dict[str, Service], owner: asyncpg.Connection, name: str
) -> None:
    assert await keys_of_all_tenants(owner, services[name].schema) == []


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("create table ocr.stray (tenant_id text, id text)", "stray"),
        ("alter table ocr.documents no force row level security", "documents"),
        ("alter table ocr.documents disable row level security", "documents"),
        ("drop policy tenant_isolation on ocr.documents", "documents"),
        ("create policy all_of_them on ocr.documents using (true)", "documents"),
    ],
)
async def test_a_table_that_is_not_guarded_is_found(
    owner: asyncpg.Connection, statement: str, found: str
) -> None:
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute(statement)
        assert await open_tables(owner, "ocr") == [found]
    finally:
        await transaction.rollback()


@pytest.mark.usefixtures("services")
async def test_a_key_without_the_tenant_is_found(owner: asyncpg.Connection) -> None:
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute("create table ocr.stray (tenant_id text, id text unique)")
        assert await keys_of_all_tenants(owner, "ocr") == ["stray_id_key"]
    finally:
        await transaction.rollback()


@every_service
async def test_every_reference_holds_the_tenant(
    services: dict[str, Service], owner: asyncpg.Connection, name: str
) -> None:
    assert await references_without_tenant(owner, services[name].schema) == []


@pytest.mark.usefixtures("services")
async def test_a_reference_without_the_tenant_is_found(owner: asyncpg.Connection) -> None:
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute(
            "create table ocr.parents (tenant_id text, id text unique, unique (tenant_id, id));"
            "create table ocr.good (tenant_id text, id text, foreign key (tenant_id, id) references ocr.parents (tenant_id, id));"
            "create table ocr.stray (tenant_id text, id text references ocr.parents (id))"
        )
        assert await references_without_tenant(owner, "ocr") == ["stray_id_fkey"]
    finally:
        await transaction.rollback()


@every_service
async def test_the_code_and_the_database_have_the_same_tables(
    services: dict[str, Service], owner: asyncpg.Connection, name: str
) -> None:
    from sqlmodel import SQLModel

    service = services[name]
    by_the_code = {
        table.name for table in SQLModel.metadata.tables.values() if table.schema == service.schema
    }
    by_the_chassis = {table.name for table in fleet_tables(None).all()} | {"alembic_version"}

    # The operators' tables are read and written in SQL alone.
    others = (
        set[str]()
        if service.schema in OPERATORS_SCHEMAS
        else await tables(owner, service.schema) - FLEET_TABLES
    )
    assert by_the_code | by_the_chassis >= others
    assert await tables(owner, service.schema) >= by_the_code | by_the_chassis


@pytest.mark.parametrize("name", sorted(OPERATORS_SCHEMAS))
def test_what_belongs_to_the_operators_is_told_to_them_alone(services: dict[str, Service], name: str) -> None:
    """Their tables have no policy: so every route of their service wants a scope that only super admins have."""
    service = next(service for service in services.values() if service.schema == name)
    document = TestClient(service.app()).get("/openapi.json").json()
    wanted = {
        (path, scope)
        for path, item in document["paths"].items()
        for operation in item.values()
        if path.startswith("/api/")
        for scope in operation["security"][0]["bearer"]
    }

    assert wanted
    assert {path for path, scope in wanted if not scope.startswith("fleet:")} == set()
    assert {
        scope for role in ("agent", "tenant_admin") for scope in SCOPES[role] if scope.startswith("fleet:")
    } == set()


async def test_no_role_reads_another_ones_schema(services: dict[str, Service], empty_database: str) -> None:
    for service in services.values():
        url = service.settings.service_database_url(service.schema).replace("+asyncpg", "")
        role = await asyncpg.connect(url)
        try:
            assert await role.fetchval("select current_user") == database_role(service.schema)
            assert await role.fetchval("select count(*) from inbox") == 0
            for other in services.values():
                if other is not service:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await role.fetch(f'select 1 from "{other.schema}".inbox')
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.execute("create table public.stray (id int)")
        finally:
            await role.close()


async def test_no_role_can_lift_the_isolation(
    services: dict[str, Service], owner: asyncpg.Connection
) -> None:
    roles = [database_role(service.schema) for service in services.values()]
    mighty = await owner.fetch(
        "select rolname from pg_roles where rolname = any($1) and (rolsuper or rolbypassrls or rolcreaterole)",
        roles,
    )

    assert mighty == []


@every_service
async def test_no_role_owns_what_it_reads(
    services: dict[str, Service], owner: asyncpg.Connection, name: str
) -> None:
    role = database_role(services[name].schema)
    owned = await owner.fetch("select relname from pg_class where relowner = $1::regrole", role)
    roles_of = await owner.fetch(
        "select roleid::regrole::text from pg_auth_members where member = $1::regrole", role
    )
    privileges = await owner.fetch(
        "select distinct privilege_type from information_schema.role_table_grants where grantee = $1", role
    )

    assert (owned, roles_of) == ([], [])
    assert {row["privilege_type"] for row in privileges} == {"SELECT", "INSERT", "UPDATE", "DELETE"}


async def tables(owner: asyncpg.Connection, schema: str) -> set[str]:
    rows = await owner.fetch(
        "select relname from pg_class join pg_namespace n on n.oid = relnamespace "
        "where nspname = $1 and relkind in ('r', 'p')",
        schema,
    )
    return {str(row["relname"]) for row in rows}


async def open_tables(owner: asyncpg.Connection, schema: str) -> list[str]:
    """The tables of a schema, but for the fleet's own, that are not guarded by exactly the policy of `isolate_tenants`."""
    if schema in OPERATORS_SCHEMAS:
        return []
    return [
        table
        for table in sorted(await tables(owner, schema) - FLEET_TABLES)
        if not await is_guarded(owner, schema, table)
    ]


async def is_guarded(owner: asyncpg.Connection, schema: str, table: str) -> bool:
    state = await owner.fetchrow(
        "select relrowsecurity, relforcerowsecurity from pg_class where oid = $1::regclass",
        f"{schema}.{table}",
    )
    policies = await owner.fetch(
        "select permissive, roles, cmd, qual, with_check from pg_policies where schemaname = $1 and tablename = $2",
        schema,
        table,
    )
    wanted = ("PERMISSIVE", ["public"], "ALL", f"(tenant_id = {POLICY})", f"(tenant_id = {POLICY})")
    return tuple(state) == (True, True) and [tuple(policy) for policy in policies] == [wanted]


async def keys_of_all_tenants(owner: asyncpg.Connection, schema: str) -> list[str]:
    """Primary and unique keys without the tenant: by them one tenant could be told of another's rows."""
    if schema in OPERATORS_SCHEMAS:
        return []
    rows = await owner.fetch(UNIQUE_KEYS, schema)
    return sorted(
        str(row["key"])
        for row in rows
        if row["table"] not in FLEET_TABLES and "tenant_id" not in row["columns"]
    )


async def references_without_tenant(owner: asyncpg.Connection, schema: str) -> list[str]:
    """Foreign keys between tenants' tables by which a row could refer to another tenant's: their check sees all rows."""
    if schema in OPERATORS_SCHEMAS:
        return []
    rows = await owner.fetch(REFERENCES, schema)
    return sorted(
        str(row["name"])
        for row in rows
        if row["child"] not in FLEET_TABLES
        and row["parent"] not in FLEET_TABLES
        and ("tenant_id", "tenant_id") not in zip(row["columns"], row["referred"], strict=True)
    )


REFERENCES = """
select k.conname as name, c.relname as child, p.relname as parent,
    array(select attname::text from unnest(k.conkey) with ordinality u(num, place)
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by place) as columns,
    array(select attname::text from unnest(k.confkey) with ordinality u(num, place)
          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num order by place) as referred
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_class p on p.oid = k.confrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and k.contype = 'f'
"""
UNIQUE_KEYS = """
select c.relname as table, i.relname as key, array_agg(a.attname::text) as columns
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_class c on c.oid = x.indrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = any(x.indkey)
where n.nspname = $1 and x.indisunique
group by c.relname, i.relname
"""
