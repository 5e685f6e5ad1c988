"""Hooks of all kinds: what a tenant's document says of them, how it is kept, and what the gateway is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from contracts.tenants.hooks import WhatsappSettings, read_settings
from contracts.tenants.http_v1 import HookEntry
from tenancy.app import create_service
from testkit.service import RunningService, running

SECRET = "das-geheimnis-des-hooks"
VERIFY = "verify-token-0123456789"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:inbound"
WORDS = {"signature": "Ihr Team", "imprint": "Muster GmbH, Wien", "ai_notice": "Diese Antwort schrieb eine KI."}  # fmt: skip
Hook = dict[str, Any]


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


@pytest.fixture
def tenant_id() -> str:
    return f"haken-{uuid4().hex[:10]}"


async def put(tenancy: RunningService, tenant_id: str, *hooks: Hook) -> httpx.Response:
    document = {
        "name": "Muster", "mailbox": f"office@{tenant_id}.test", "display_name": "Muster", "hooks": list(hooks),
        "agent_email": f"agent@{tenant_id}.test", "texts": {"de": WORDS, "en": WORDS},
    }  # fmt: skip
    return await tenancy.http.put(f"/api/v1/tenants/{tenant_id}", json=document)


def whatsapp(tenant_id: str, **changes: Any) -> Hook:
    return {
        "hook_id": f"{tenant_id}-wa", "source": "whatsapp", "verifier": "whatsapp", "secrets": [SECRET],
        "settings": {"verify_token": VERIFY},
    } | changes  # fmt: skip


async def listed(tenancy: RunningService, tenant_id: str) -> list[HookEntry]:
    hooks = (await tenancy.http.get("/internal/hooks")).json()["hooks"]
    return [HookEntry.model_validate(hook) for hook in hooks if hook["tenant_id"] == tenant_id]


async def test_a_hooks_settings_lie_sealed_and_reach_the_gateway_in_the_form_of_its_kind(
    tenancy: RunningService, tenant_id: str
) -> None:
    answer = await put(tenancy, tenant_id, whatsapp(tenant_id))

    assert answer.status_code == 201, answer.text
    (hook,) = await listed(tenancy, tenant_id)
    assert read_settings(hook.verifier, hook.settings) == WhatsappSettings(verify_token=VERIFY)
    async with tenancy.service.database.connection() as connection:
        rows = await connection.execute(
            text("select hooks::text from tenancy.hooks where tenant_id = :id"), {"id": tenant_id}
        )
        assert all(VERIFY not in row and SECRET not in row for row in rows.scalars())
    for shown in (answer.text, (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}")).text):
        assert VERIFY not in shown
        assert SECRET not in shown


async def test_a_hook_keeps_the_secrets_and_settings_that_are_left_out(
    tenancy: RunningService, tenant_id: str
) -> None:
    await put(tenancy, tenant_id, whatsapp(tenant_id))
    bare = whatsapp(tenant_id, source="chat")
    del bare["secrets"], bare["settings"]

    assert (await put(tenancy, tenant_id, bare)).status_code == 200

    (hook,) = await listed(tenancy, tenant_id)
    assert (hook.source, hook.settings) == ("chat", {"verify_token": VERIFY})
    assert [secret.get_secret_value() for secret in hook.secrets] == [SECRET]


async def test_changed_settings_are_told_and_noted_by_name_alone(
    tenancy: RunningService, tenant_id: str
) -> None:
    await put(tenancy, tenant_id, whatsapp(tenant_id))
    before = (await tenancy.http.get("/internal/hooks")).headers["ETag"]
    turned = whatsapp(tenant_id, settings={"verify_token": VERIFY[::-1]})

    await put(tenancy, tenant_id, turned)
    again = await put(tenancy, tenant_id, turned)

    after = await tenancy.http.get("/internal/hooks", headers={"If-None-Match": before})
    assert (after.status_code, again.status_code) == (200, 200)
    assert (await listed(tenancy, tenant_id))[0].settings == {"verify_token": VERIFY[::-1]}
    entries = (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}/audit")).json()["entries"]
    sets = [entry["details"] for entry in entries if entry["action"] == "hook.set"]
    assert [(one["secrets_changed"], one["settings_changed"]) for one in sets] == [
        (False, True),
        (True, True),
    ]
    assert VERIFY not in str(entries)


async def test_what_does_not_fit_is_told_at_its_place_all_at_once_and_nothing_is_kept(
    tenancy: RunningService, tenant_id: str
) -> None:
    answer = await put(
        tenancy, tenant_id,
        whatsapp(tenant_id, settings={"verify_token": "zu kurz"}),
        {"hook_id": f"{tenant_id}-ses", "source": "ses", "verifier": "sns", "settings": {"topic_arns": [TOPIC, "x"]}},
        {"hook_id": f"{tenant_id}-x", "source": "x", "verifier": "quantum", "secrets": [SECRET]},
    )  # fmt: skip

    assert answer.status_code == 422
    for place in ("hooks/0/settings/verify_token", "hooks/1/settings/topic_arns/1", "hooks/2/verifier"):
        assert place in answer.text
    assert "zu kurz" not in answer.text
    assert await listed(tenancy, tenant_id) == []


async def test_a_kind_without_secrets_is_known_by_its_settings(
    tenancy: RunningService, tenant_id: str
) -> None:
    ses = {
        "hook_id": f"{tenant_id}-ses", "source": "ses", "verifier": "sns", "settings": {"topic_arns": [TOPIC]},
    }  # fmt: skip

    assert (await put(tenancy, tenant_id, ses)).status_code == 201

    (hook,) = await listed(tenancy, tenant_id)
    assert (hook.secrets, hook.settings) == ((), {"topic_arns": [TOPIC]})


async def test_hooks_of_a_suspended_tenant_stay_listed_and_say_so(
    tenancy: RunningService, tenant_id: str
) -> None:
    await put(tenancy, tenant_id, whatsapp(tenant_id))
    before = (await tenancy.http.get("/internal/hooks")).headers["ETag"]

    suspended = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/suspend", json={"because": "unpaid"})
    assert suspended.status_code < 300, suspended.text

    again = await tenancy.http.get("/internal/hooks", headers={"If-None-Match": before})
    assert again.status_code == 200
    assert [hook.suspended for hook in await listed(tenancy, tenant_id)] == [True]
    await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/reinstate")
