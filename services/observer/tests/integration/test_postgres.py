"""What the Observer sees of Postgres: others' statements without literals, sizes, and nobody's rows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import text

from chassis import Service
from chassis.migration import migrate
from chassis.settings import database_role, owner_role
from frontdesk.fleet.roster import environ
from observer.adapters.postgres import PostgresServer
from observer.app import create_service
from observer.application.find_examples import ExampleStatements
from observer.domain.bottlenecks import Track
from observer.domain.findings import Measurement


@pytest.fixture(scope="module")
async def service(environment: dict[str, str]) -> AsyncIterator[Service]:
    with environ(environment):
        service = create_service()
    await migrate(service)
    yield service
    await service.database.close()


async def test_a_slow_statement_is_seen_without_what_stands_in_it(
    service: Service, database_url: str
) -> None:
    stranger = await asyncpg.connect(database_url)
    watch = PostgresServer(service.database, slow_seconds=0.1, seconds=5)
    running = asyncio.create_task(
        stranger.fetch("select pg_sleep(2), 'frau.groessl@example.de' as secret, 4711 as number")
    )
    try:
        async with asyncio.timeout(10):
            while not (slow := [one for one in (await watch.look()).slow if "pg_sleep" in one.statement]):
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await stranger.close(timeout=5)

    assert slow[0].statement == "select pg_sleep(?), ? as secret, ? as number"
    assert slow[0].role == "frontdesk_owner"
    assert slow[0].waits_for == "Timeout PgSleep"
    assert slow[0].seconds >= 0.1


async def test_a_statement_of_a_services_own_role_is_evidence_for_what_is_slow_in_it(
    service: Service,
) -> None:
    """A real statement that runs long, as the report on that service names it: its words, never what stands in it."""
    watch = PostgresServer(service.database, slow_seconds=0.1, seconds=5)

    async def slow() -> None:
        async with service.database.connection() as connection:
            await connection.execute(text("select pg_sleep(3), 'frau.groessl@example.de' as secret"))

    running = asyncio.create_task(slow())
    track = Track(
        "slow_database",
        "observer",
        "database",
        Measurement("frontdesk_database_seconds", (), "mean", "s"),
        (),
    )
    try:
        async with asyncio.timeout(10):
            seen = await watch.look()
            while not any("pg_sleep(?), ? as secret" in one.statement for one in seen.slow):
                await asyncio.sleep(0.05)
                seen = await watch.look()
    finally:
        running.cancel()
    now = datetime.now(UTC)
    own = await ExampleStatements(lambda: seen, database_role).of(track, now, now)
    others = await ExampleStatements(lambda: seen, database_role).of(replace(track, service="ocr"), now, now)

    assert [one.reference for one in own] == ["select pg_sleep(?), ? as secret"]
    assert own[0].kind == "statement"
    assert own[0].text.en.startswith("A statement of observer takes ")
    assert others == []


async def test_connections_sizes_and_tables_are_seen(service: Service) -> None:
    seen = await PostgresServer(service.database, slow_seconds=60, seconds=5).look()

    assert dict(seen.connections)["frontdesk_observer"] >= 1
    assert seen.size_bytes > 1_000_000
    assert {"samples", "outbox"} <= {table.table for table in seen.tables if table.schema == "observer"}
    assert 0 < seen.connections_percent < 100


async def test_pg_stat_statements_is_used_where_it_is(service: Service, database_url: str) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(
            "create view extensions.pg_stat_statements as select oid as userid, "
            "'select 7 from leads where name = ''Größl'''::text as query, 9000.0::float8 as mean_exec_time "
            "from pg_roles where rolname = current_user; grant select on extensions.pg_stat_statements to public"
        )
        seen = await PostgresServer(service.database, slow_seconds=1, seconds=5).look()
    finally:
        await owner.execute("drop view extensions.pg_stat_statements")
        await owner.close()

    assert ("select ? from leads where name = ?", 9.0) in [(one.statement, one.seconds) for one in seen.slow]


async def test_the_right_to_see_all_is_the_owners_and_nobody_logs_in_with_it(
    service: Service, database_url: str
) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        members = await owner.fetch(
            "select member::regrole::text as role from pg_auth_members where roleid = 'pg_read_all_stats'::regrole"
        )
        watcher = database_role(service.schema)
        blind = await owner.fetchval("select pg_has_role($1, 'pg_read_all_stats', 'usage')", watcher)
    finally:
        await owner.close()

    assert owner_role(service.schema) in {row["role"] for row in members}
    assert blind is False
