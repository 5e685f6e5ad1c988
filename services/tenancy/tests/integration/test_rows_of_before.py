"""What the first revision left behind is found again by the newest."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from chassis.keyring import KeyRing
from chassis.migration import migrate, migrate_down
from tenancy.app import create_service
from testkit.service import RunningService, running

SECRET, TENANT_ID = "ein-sehr-geheimes-wort", "von-frueher"
WECLAPP = {"base_url": "https://muster.test/webapp/api/v2/", "token": "geheim"}
WORDS = {"signature": "S", "imprint": "I", "ai_notice": "N"}


@pytest.fixture
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


async def test_tenants_and_secrets_of_before_there_were_versions_and_data_keys_are_still_there(
    tenancy: RunningService, database_url: str
) -> None:
    await migrate_down(tenancy.service)
    await migrate(tenancy.service, "0001")
    connection = await asyncpg.connect(database_url)
    try:
        await _leave_rows(connection, KeyRing.from_secret(tenancy.service.settings.master_key))
    finally:
        await connection.close()
    await migrate(tenancy.service)

    versions = (await tenancy.http.get(f"/api/v1/tenants/{TENANT_ID}/versions")).json()["versions"]
    paused = await tenancy.http.post(f"/api/v1/tenants/{TENANT_ID}/pause")
    restored = await tenancy.http.post(f"/api/v1/tenants/{TENANT_ID}/versions/7/restore")
    credential = await tenancy.http.get(f"/internal/tenants/{TENANT_ID}/credentials/weclapp")
    hooks = (await tenancy.http.get("/internal/hooks")).json()["hooks"]
    rotated = await tenancy.http.post(f"/api/v1/tenants/{TENANT_ID}/rotate-key")

    assert [(line["version"], line["actor"]) for line in versions] == [(7, "migration 0002")]
    assert (paused.json()["version"], restored.json()["version"], restored.json()["name"]) == (8, 8, "Früher")
    assert credential.json()["values"] == WECLAPP
    assert [hook["secrets"] for hook in hooks] == [[SECRET]]
    assert rotated.json()["resealed"] == 2


async def _leave_rows(connection: asyncpg.Connection, ring: KeyRing) -> None:
    await connection.execute(
        "insert into tenancy.directory (tenant_id, name, hooks_version) values ($1, 'Früher', 3)", TENANT_ID
    )
    await connection.execute(
        "insert into tenancy.tenants values ($1, 7, 'Früher', 'office@a.test', 'Früher', 'agent@a.test', $2, "
        "'Europe/Vienna', 'de', 'draft', '[]', false, 20, 10, 200, 'builtin', 'local', '{year}', '{date}', now())",
        TENANT_ID, json.dumps({"de": WORDS, "en": WORDS}),
    )  # fmt: skip
    await connection.execute(
        "insert into tenancy.credentials values ($1, 'weclapp', 1, $2, now())",
        TENANT_ID, ring.seal(json.dumps(WECLAPP).encode(), f"credential\x1f{TENANT_ID}\x1fweclapp\x1f1"),
    )  # fmt: skip
    box = ring.seal(
        json.dumps({"secrets": json.dumps([SECRET])}).encode(), f"hook\x1f{TENANT_ID}\x1ffrueher-mime\x1f3"
    )
    await connection.execute(
        "insert into tenancy.hooks values ('frueher-mime', $1, 'mime', 'hmac', true, 3, $2, now())", TENANT_ID, box
    )  # fmt: skip
