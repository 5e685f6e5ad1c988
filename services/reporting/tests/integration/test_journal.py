"""The journal hears everything, once, and is never changed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis import AnyEvent
from contracts.envelope import Envelope, new_id
from contracts.tenants.v1 import TenantConfigured, TenantCreated
from reporting.adapters.store import add_to_journal
from reporting.app import create_service
from testkit.service import RunningService, running


@pytest.fixture
async def journal(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


async def entries_of(
    journal: RunningService, story: str, tenant_id: str, count: int
) -> list[dict[str, object]]:
    async with asyncio.timeout(20):
        while True:
            answer = await journal.http.get(
                "/api/v1/journal", params={"correlation_id": story}, headers={"X-Tenant-Id": tenant_id}
            )
            entries: list[dict[str, object]] = answer.json()["entries"]
            if len(entries) >= count:
                return entries
            await asyncio.sleep(0.05)


async def test_every_message_stands_in_the_journal_once(journal: RunningService) -> None:
    story = new_id()
    created = TenantCreated(tenant_id="acme", name="Müller & Söhne")
    envelope = await journal.wire.say(created, tenant_id="acme", correlation_id=story)
    await journal.wire.say(created, tenant_id="acme", correlation_id=story, message_id=envelope.id)
    await journal.wire.say(
        TenantConfigured(tenant_id="acme", version=2), tenant_id="acme", correlation_id=story
    )
    entries = await entries_of(journal, story, "acme", 2)
    assert [entry["type"] for entry in entries] == ["tenant.created.v1", "tenant.configured.v1"]
    assert entries[0]["body"] == {"tenant_id": "acme", "name": "Müller & Söhne"}


async def test_a_tenant_reads_its_own_journal_alone(journal: RunningService) -> None:
    story = new_id()
    await journal.wire.say(
        TenantConfigured(tenant_id="acme", version=3), tenant_id="acme", correlation_id=story
    )
    await entries_of(journal, story, "acme", 1)
    other = await journal.http.get(f"/api/v1/journal/stories/{story}", headers={"X-Tenant-Id": "other"})
    assert other.status_code == 404
    assert other.headers["content-type"] == "application/problem+json"


async def test_the_journal_cannot_be_changed(journal: RunningService) -> None:
    for statement in ("update journal set type = 'x'", "delete from journal"):
        with pytest.raises(DBAPIError, match="only ever added to"):
            async with journal.service.units.reading("acme") as session:
                await (await session.connection()).execute(text(statement))


async def test_a_reader_who_goes_on_after_a_position_skips_nothing_that_was_committed_late(
    journal: RunningService,
) -> None:
    early, late = an_event("patient"), an_event("patient")
    async with journal.service.units.reading("patient") as slow:
        await add_to_journal(slow, early)
        quick = asyncio.create_task(add(journal, late))
        while not quick.done() and not await somebody_waits(journal):
            await asyncio.sleep(0.02)
        seen = await page(journal, "/api/v1/journal", after=0)
    await quick

    seen += await page(journal, "/api/v1/journal", after=seen[-1]["position"] if seen else 0)
    assert [entry["message_id"] for entry in seen] == [early.envelope.id, late.envelope.id]


async def test_a_long_story_is_read_a_page_at_a_time(journal: RunningService) -> None:
    story = new_id()
    for _ in range(5):
        await add(journal, an_event("patient", story))

    seen: list[dict[str, object]] = []
    while entries := await page(
        journal, f"/api/v1/journal/stories/{story}", limit=2, after=seen[-1]["position"] if seen else 0
    ):
        assert len(entries) <= 2
        seen += entries
    assert len({entry["message_id"] for entry in seen}) == len(seen) == 5


def an_event(tenant_id: str, story: str | None = None) -> AnyEvent:
    message_id = new_id()
    envelope = Envelope(
        id=message_id,
        type="tenant.configured.v1",
        source="test",
        subject=f"tenant/{tenant_id}",
        time=datetime.now(UTC),
        tenant_id=tenant_id,
        correlation_id=story or message_id,
    )
    return AnyEvent(envelope, b'{"tenant_id": "patient", "version": 1}')


async def add(journal: RunningService, event: AnyEvent) -> None:
    async with journal.service.units.reading(event.envelope.tenant_id) as session:
        await add_to_journal(session, event)


async def somebody_waits(journal: RunningService) -> bool:
    async with journal.service.units.fleet() as session:
        waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        return bool((await (await session.connection()).execute(waiting)).scalar())


async def page(journal: RunningService, path: str, **query: object) -> list[dict[str, object]]:
    answer = await journal.http.get(
        path,
        params={name: str(value) for name, value in query.items()},
        headers={"X-Tenant-Id": "patient"},
    )
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, object]] = answer.json()["entries"]
    return entries
