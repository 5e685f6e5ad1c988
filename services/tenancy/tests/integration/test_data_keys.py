"""One data key per tenant: what lies under it, how it is turned while everybody reads, and what is left after its end."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.errors import NeedsTenant
from chassis.keyring import KeyRing
from chassis.tenants import Tenants
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured
from tenancy.adapters.directory import StoredDirectory
from tenancy.adapters.records import StoredTenant
from tenancy.adapters.sealing import KeyRingSeals
from tenancy.app import create_service
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.reseal_secrets import Resealed, ResealSecrets
from testkit.service import RunningService, running

SECRET = "ein-sehr-geheimes-wort"
WECLAPP = {"base_url": "https://muster.test/webapp/api/v2/", "token": "geheim"}
Boxes = list[tuple[str, int, str]]


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


@pytest.fixture
async def tenant_id(tenancy: RunningService) -> str:
    return await new_tenant(tenancy)


async def new_tenant(tenancy: RunningService) -> str:
    tenant_id = f"key-{uuid4().hex[:10]}"
    words = {"signature": "S", "imprint": "I", "ai_notice": "N"}
    answer = await tenancy.http.put(
        f"/api/v1/tenants/{tenant_id}",
        json={
            "name": "Schlüssel", "mailbox": "office@key.test", "display_name": "Schlüssel",
            "agent_email": "agent@key.test", "texts": {"de": words, "en": words}, "credentials": {"weclapp": WECLAPP},
            "hooks": [{"hook_id": f"{tenant_id}-mime", "source": "mime", "secrets": [SECRET]}],
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return tenant_id


async def sql(tenancy: RunningService, tenant_id: str, statement: str, **values: object) -> list[Any]:
    async with tenancy.service.units.begin(tenant_id) as transaction:
        found = await transaction.session.execute(text(statement), {"tenant_id": tenant_id, **values})
        return list(found.tuples()) if found.returns_rows else []  # pyright: ignore[reportAttributeAccessIssue]


async def credential_of(tenancy: RunningService, tenant_id: str, name: str = "weclapp") -> httpx.Response:
    return await tenancy.http.get(f"/internal/tenants/{tenant_id}/credentials/{name}")


async def hooks_of(tenancy: RunningService, tenant_id: str) -> list[dict[str, Any]]:
    listed = (await tenancy.http.get("/internal/hooks")).json()["hooks"]
    return [hook for hook in listed if hook["tenant_id"] == tenant_id]


async def boxes_of(tenancy: RunningService, tenant_id: str) -> list[str]:
    found = await sql(
        tenancy, tenant_id,
        "select box from tenancy.credentials where tenant_id = :tenant_id and box is not null "
        "union all select box from tenancy.hooks where tenant_id = :tenant_id",
    )  # fmt: skip
    return [box for (box,) in found]


async def actions_of(tenancy: RunningService, tenant_id: str) -> list[str]:
    rows = (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}/audit")).json()["entries"]
    return [row["action"] for row in rows]


async def destroy(
    tenancy: RunningService, tenant_id: str, again: str | None = None, because: str = "Vertrag beendet"
) -> httpx.Response:
    confirmed = {"tenant_id": again or tenant_id, "because": because}
    return await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/destroy-key", json=confirmed)


async def test_a_new_data_key_seals_everything_anew_and_the_old_one_is_forgotten(
    tenancy: RunningService, tenant_id: str
) -> None:
    before = await boxes_of(tenancy, tenant_id)
    answer = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/rotate-key", headers={"X-Actor": "anna"})

    assert answer.json() == {"key_version": 2, "resealed": 2, "broken": []}
    after = await boxes_of(tenancy, tenant_id)
    assert [box.startswith("f2.1.") for box in before] == [True, True]
    assert [box.startswith("f2.2.") for box in after] == [True, True]
    keys = await sql(tenancy, tenant_id, "select version from tenancy.data_keys where tenant_id = :tenant_id")
    assert keys == [(2,)]
    opened = (await credential_of(tenancy, tenant_id)).json()
    assert (opened["version"], opened["values"]) == (1, WECLAPP)
    assert [hook["secrets"] for hook in await hooks_of(tenancy, tenant_id)] == [[SECRET]]
    assert (await actions_of(tenancy, tenant_id))[0] == "key.rotated"


async def test_whoever_reads_while_keys_turn_is_always_answered(
    tenancy: RunningService, tenant_id: str
) -> None:
    turning = True

    async def read() -> int:
        count = 0
        while turning:
            opened, hooks = await asyncio.gather(
                credential_of(tenancy, tenant_id), hooks_of(tenancy, tenant_id)
            )
            assert (opened.status_code, opened.json()["values"]) == (200, WECLAPP)
            assert [hook["secrets"] for hook in hooks] == [[SECRET]]
            count += 1
        return count

    readers = [asyncio.create_task(read()) for _ in range(3)]
    versions: list[int] = []
    for _ in range(8):
        answer = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/rotate-key")
        versions.append(answer.json()["key_version"])
    turning = False

    assert all(count > 0 for count in await asyncio.gather(*readers))
    assert versions == list(range(2, 10))


async def test_the_ring_may_be_turned_twice_and_no_box_is_touched(
    tenancy: RunningService, tenant_id: str
) -> None:
    before = await boxes_of(tenancy, tenant_id)
    entries = [f"{name}:{b64encode(os.urandom(32)).decode()}" for name in ("third", "second")]
    old = _ring(tenancy)
    entries.append(old if ":" in old else f"1:{old}")

    for ring in (entries[1:], entries):
        assert await _reseal(tenancy, tenant_id, ring) == Resealed(1, ())
        assert await _reseal(tenancy, tenant_id, ring) == Resealed(0, ())
    newest_alone = _seals(entries[:1])

    assert await boxes_of(tenancy, tenant_id) == before
    async with tenancy.service.units.reading(tenant_id) as session:
        opened = await KeepCredentials(newest_alone, lambda _: None).open(
            StoredTenant(session), tenant_id, "weclapp"
        )
    async with tenancy.service.units.fleet() as session:
        registry = await KeepHooks(newest_alone).registry(StoredDirectory(session))
    assert opened.values == WECLAPP
    assert [hook.secrets for hook in registry.hooks if hook.tenant_id == tenant_id] == [(SECRET,)]


async def test_boxes_of_before_there_were_data_keys_open_and_are_brought_under_one(
    tenancy: RunningService, tenant_id: str
) -> None:
    await _seal_by_the_ring_itself(tenancy, tenant_id)
    boxes = await boxes_of(tenancy, tenant_id)
    opened, hooks = (await credential_of(tenancy, tenant_id)).json(), await hooks_of(tenancy, tenant_id)
    done = await _reseal(tenancy, tenant_id)

    assert [box[:3] for box in boxes] == ["f1.", "f1."]
    assert opened["values"] == WECLAPP
    assert [hook["secrets"] for hook in hooks] == [[SECRET]]
    assert done == Resealed(2, ())
    assert [box[:5] for box in await boxes_of(tenancy, tenant_id)] == ["f2.1.", "f2.1."]
    assert (await credential_of(tenancy, tenant_id)).json()["values"] == WECLAPP
    assert [hook["secrets"] for hook in await hooks_of(tenancy, tenant_id)] == [[SECRET]]


async def test_a_box_copied_to_another_tenant_or_name_does_not_open(
    tenancy: RunningService, tenant_id: str
) -> None:
    other = await new_tenant(tenancy)
    (box, *_) = await boxes_of(tenancy, tenant_id)
    copy = "insert into tenancy.credentials (tenant_id, name, version, box, changed_at) values (:tenant_id, :name, 1, :box, now()) on conflict (tenant_id, name) do update set box = excluded.box"
    await sql(tenancy, other, copy, name="weclapp", box=box)
    await sql(tenancy, tenant_id, copy, name="graph", box=box)

    for answer in (await credential_of(tenancy, other), await credential_of(tenancy, tenant_id, "graph")):
        assert (answer.status_code, answer.json()["title"]) == (500, "Secret does not open")
        assert WECLAPP["token"] not in answer.text


async def test_the_database_keeps_every_key_that_a_box_is_under(
    tenancy: RunningService, tenant_id: str, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute("delete from tenancy.data_keys where tenant_id = $1", tenant_id)
        kept = await connection.fetchval(
            "select wrapped from tenancy.data_keys where tenant_id = $1", tenant_id
        )
    finally:
        await connection.close()
    assert kept.startswith("f1."), "a data key lies wrapped by the ring, never in clear"


async def test_after_its_key_was_destroyed_nothing_of_a_tenant_opens_not_even_boxes_of_a_backup(
    tenancy: RunningService, tenant_id: str
) -> None:
    backup = await _backup(tenancy, tenant_id)
    answer = await destroy(tenancy, tenant_id)

    assert answer.status_code == 200, answer.text
    view = answer.json()
    assert (view["credentials"], view["hooks"], view["suspended"]) == ([], [], True)
    assert view["suspended_because"] == "its key was destroyed: Vertrag beendet"
    gone = await credential_of(tenancy, tenant_id)
    await _restore(tenancy, tenant_id, backup)
    still_gone = await credential_of(tenancy, tenant_id)
    for each in (gone, still_gone):
        assert (each.status_code, each.json()["title"]) == (410, "Key destroyed")
        assert "gone for good" in each.json()["detail"]
    assert await hooks_of(tenancy, tenant_id) == []
    await tenancy.wire.heard(
        CredentialsChanged, lambda event: (event.tenant_id, event.credential) == (tenant_id, "weclapp")
    )
    await tenancy.wire.heard(
        TenantConfigured, lambda event: (event.tenant_id, event.version) == (tenant_id, 2)
    )
    assert (await actions_of(tenancy, tenant_id))[:2] == ["tenant.suspended", "key.destroyed"]


async def test_the_gateway_lets_go_of_the_hooks_of_a_suspended_tenant_whose_key_is_destroyed(
    tenancy: RunningService, tenant_id: str
) -> None:
    await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/suspend", json={"because": "Rechnung offen"})
    held = await tenancy.http.get("/internal/hooks")
    backup = await _backup(tenancy, tenant_id)

    await destroy(tenancy, tenant_id)
    news = await tenancy.http.get("/internal/hooks", headers={"If-None-Match": held.headers["ETag"]})
    await _restore(tenancy, tenant_id, backup)
    async with tenancy.service.units.fleet() as session:
        registry = await KeepHooks(_seals([_ring(tenancy)])).registry(StoredDirectory(session))

    assert news.status_code == 200
    assert tenant_id not in [hook["tenant_id"] for hook in news.json()["hooks"]]
    assert tenant_id not in [hook.tenant_id for hook in registry.hooks]
    assert f"{tenant_id}-mime" not in registry.closed, "what is gone for good is no fault to be mended"


async def test_a_service_that_asks_for_a_destroyed_credential_is_told_so_and_does_not_ask_for_ever(
    tenancy: RunningService, tenant_id: str
) -> None:
    await destroy(tenancy, tenant_id)
    address = {"tenancy_url": str(tenancy.http.base_url)}
    tenants = Tenants(tenancy.service.settings.model_copy(update=address))
    try:
        with pytest.raises(NeedsTenant, match="gone for good"):
            await tenants.credential(tenant_id, "weclapp")
    finally:
        await tenants.close()


async def test_what_the_ring_itself_had_sealed_goes_with_the_key(
    tenancy: RunningService, tenant_id: str
) -> None:
    await _seal_by_the_ring_itself(tenancy, tenant_id)

    await destroy(tenancy, tenant_id)

    assert await boxes_of(tenancy, tenant_id) == []
    assert (await credential_of(tenancy, tenant_id)).status_code == 410


async def test_a_destroyed_key_stays_destroyed(tenancy: RunningService, tenant_id: str) -> None:
    await destroy(tenancy, tenant_id)
    before = await actions_of(tenancy, tenant_id)
    address = f"/api/v1/tenants/{tenant_id}"

    refused = [
        await tenancy.http.put(f"{address}/credentials/weclapp", json=WECLAPP),
        await tenancy.http.post(f"{address}/rotate-key"),
        await tenancy.http.post(f"{address}/reinstate"),
    ]
    again = await destroy(tenancy, tenant_id)
    done = await _reseal(tenancy, tenant_id)

    assert [(answer.status_code, answer.json()["title"]) for answer in refused] == [
        (409, "Key destroyed")
    ] * 3
    assert again.status_code == 200
    assert done == Resealed(0, ())
    assert await actions_of(tenancy, tenant_id) == before


async def test_a_key_is_destroyed_only_when_the_tenant_is_named_once_more(
    tenancy: RunningService, tenant_id: str
) -> None:
    answers = [
        await destroy(tenancy, tenant_id, "somebody-else"),
        await destroy(tenancy, tenant_id, because=""),
        await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/destroy-key", json={"because": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert (await credential_of(tenancy, tenant_id)).json()["values"] == WECLAPP
    unknown = await destroy(tenancy, "nobody-at-all")
    assert unknown.status_code == 404


def _seals(ring: list[str]) -> KeyRingSeals:
    return KeyRingSeals(KeyRing.from_secret(SecretStr(",".join(ring))))


def _ring(tenancy: RunningService) -> str:
    return tenancy.service.settings.master_key.get_secret_value()


async def _reseal(tenancy: RunningService, tenant_id: str, ring: list[str] | None = None) -> Resealed:
    seals = _seals(ring or [_ring(tenancy)])
    async with tenancy.service.units.begin(tenant_id) as transaction:
        return await ResealSecrets(seals)(StoredTenant(transaction.session), tenant_id)


async def _seal_by_the_ring_itself(tenancy: RunningService, tenant_id: str) -> None:
    """As all boxes were before there were data keys."""
    ring = KeyRing.from_secret(tenancy.service.settings.master_key)

    def box(values: Mapping[str, str], context: str) -> str:
        return ring.seal(json.dumps(values).encode(), context)

    await sql(
        tenancy, tenant_id, "update tenancy.credentials set box = :box where tenant_id = :tenant_id",
        box=box(WECLAPP, f"credential\x1f{tenant_id}\x1fweclapp\x1f1"),
    )  # fmt: skip
    await sql(
        tenancy, tenant_id, "update tenancy.hooks set box = :box where tenant_id = :tenant_id",
        box=box({"secrets": json.dumps([SECRET])}, f"hook\x1f{tenant_id}\x1f{tenant_id}-mime\x1f1"),
    )  # fmt: skip


async def _backup(tenancy: RunningService, tenant_id: str) -> tuple[Boxes, Boxes]:
    credentials = "select name, version, box from tenancy.credentials where tenant_id = :tenant_id"
    hooks = "select hook_id, version, box from tenancy.hooks where tenant_id = :tenant_id"
    return await sql(tenancy, tenant_id, credentials), await sql(tenancy, tenant_id, hooks)


async def _restore(tenancy: RunningService, tenant_id: str, backup: tuple[Boxes, Boxes]) -> None:
    ((name, version, box),), ((hook_id, hook_version, hook_box),) = backup
    await sql(
        tenancy, tenant_id,
        "update tenancy.credentials set box = :box, version = :version "
        "where tenant_id = :tenant_id and name = :name",
        name=name, version=version, box=box,
    )  # fmt: skip
    await sql(
        tenancy, tenant_id,
        "insert into tenancy.hooks (hook_id, tenant_id, source, verifier, enabled, version, box, changed_at) "
        "values (:hook_id, :tenant_id, 'mime', 'hmac', true, :version, :box, now())",
        hook_id=hook_id, version=hook_version, box=hook_box,
    )  # fmt: skip
