"""The journal hears everything, once, and is never changed."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.envelope import new_id
from contracts.tenants.v1 import TenantConfigured, TenantCreated
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
