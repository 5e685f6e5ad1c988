"""A tenant sees its own rows, a service its own schema; the database itself says so."""

from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.service import Service
from contracts.envelope import new_id
from testkit.probe import Note, Probe, create_probe
from testkit.probe.service import notes_of
from testkit.service import running


@pytest.fixture
async def service(environment: Mapping[str, str]) -> AsyncIterator[Service]:
    async with running(lambda: create_probe(Probe()), environment) as probe:
        yield probe.service


async def keep(service: Service, tenant_id: str, document_id: str, *, as_tenant: str | None = None) -> None:
    async with service.units.begin(as_tenant or tenant_id) as transaction:
        transaction.session.add(Note(tenant_id=tenant_id, document_id=document_id, filename="a.pdf"))


async def test_a_tenant_sees_its_own_rows_alone(service: Service) -> None:
    mine, theirs = new_id(), new_id()
    await keep(service, "mine", mine)
    await keep(service, "theirs", theirs)
    assert mine in {note.document_id for note in await notes_of(service, "mine")}
    assert theirs not in {note.document_id for note in await notes_of(service, "mine")}


async def test_without_a_tenant_there_are_no_rows(service: Service) -> None:
    await keep(service, "mine", new_id())
    async with service.units.fleet() as session:
        count = await (await session.connection()).execute(text("select count(*) from notes"))
        assert count.scalar() == 0


async def test_a_row_of_another_tenant_cannot_be_written(service: Service) -> None:
    with pytest.raises(DBAPIError, match="row-level security"):
        await keep(service, "theirs", new_id(), as_tenant="mine")


async def test_the_tenant_is_forgotten_with_its_transaction(service: Service) -> None:
    await keep(service, "mine", new_id())
    for _ in range(service.database.pool_size + 2):
        await notes_of(service, "mine")
        async with service.units.fleet() as session:
            count = await (await session.connection()).execute(text("select count(*) from notes"))
            assert count.scalar() == 0


@pytest.mark.parametrize(
    "statement",
    [
        'create table "public".intruder (id int)',
        "select * from other_service.notes",
        "create table other_service.intruder (id int)",
        "set role frontdesk_owner",
        "alter table notes disable row level security; select pg_sleep(0); set role postgres",
    ],
)
async def test_a_service_reaches_its_own_schema_alone(service: Service, statement: str) -> None:
    import asyncpg

    owner = await asyncpg.connect(service.settings.database_url.get_secret_value())
    await owner.execute("create schema if not exists other_service")
    await owner.execute("create table if not exists other_service.notes (id int)")
    await owner.close()
    url = service.settings.service_database_url("probe").replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)
    finally:
        await connection.close()
