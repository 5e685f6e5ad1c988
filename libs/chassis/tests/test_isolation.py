"""A tenant sees its own rows, a service its own schema; the database itself says so."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from chassis import Outcome, Router, Session, UnitOfWork
from chassis.service import Service
from contracts.envelope import new_id
from contracts.tenants.v1 import TenantCreated
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


async def test_units_of_several_tenants_that_share_a_commit_see_their_own_rows_alone(
    environment: Mapping[str, str],
) -> None:
    gate, under_way = asyncio.Event(), 0
    seen: dict[str, set[str]] = {}
    router = Router()

    @router.on(TenantCreated, grouped=True)
    async def on_tenant_created(event: TenantCreated, unit: UnitOfWork) -> Outcome:
        nonlocal under_way
        under_way += 1
        await gate.wait()
        return await unit.write(keep_and_look, event.tenant_id)

    async def keep_and_look(session: Session, tenant_id: str) -> None:
        await session.merge(Note(tenant_id=tenant_id, document_id=f"note of {tenant_id}", filename="a.pdf"))
        await session.flush()
        seen[tenant_id] = {note.tenant_id for note in await session.exec(select(Note))}

    def create() -> Service:
        service = create_probe(Probe())
        service.hears(router)
        return service

    tenants = [f"tenant-{number}" for number in range(8)]
    async with running(create, environment) as fleet:
        for tenant_id in tenants:
            await fleet.wire.say(TenantCreated(tenant_id=tenant_id, name="Müller"), tenant_id=tenant_id)
        async with asyncio.timeout(20):
            while under_way < len(tenants):
                await asyncio.sleep(0.02)
            gate.set()
            while fleet.service.metrics.count("tenant.created.v1", "done") < len(tenants):
                await asyncio.sleep(0.02)
        size = fleet.service.metrics.registry.get_sample_value
        groups = size("frontdesk_commit_group_size_count", {"service": "probe"})
    assert seen == {tenant_id: {tenant_id} for tenant_id in tenants}
    assert groups is not None
    assert groups < len(tenants)


@pytest.mark.parametrize(
    "statement",
    [
        'create table "public".intruder (id int)',
        "select * from other_service.notes",
        "create table other_service.intruder (id int)",
        "set role frontdesk_owner",
        "set role frontdesk_probe_owner",
        "alter table notes disable row level security",
        "alter table notes no force row level security",
        "drop policy tenant_isolation on notes",
        "truncate notes",
        "create table intruder (id int)",
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
