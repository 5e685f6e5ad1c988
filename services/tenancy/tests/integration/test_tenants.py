from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from contracts.tenants.http_v1 import Credential, HookList, TenantProfile
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured, TenantCreated
from tenancy.app import create_service
from testkit.service import RunningService, running
from testkit.tenancy import SMTP

Document = dict[str, Any]
SECRET = "ein-sehr-geheimes-wort-äöü"


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


@pytest.fixture
def tenant_id() -> str:
    return f"muster-{uuid4().hex[:10]}"


@pytest.fixture
def document(tenant_id: str) -> Document:
    return {
        "tenant_id": tenant_id,
        "name": "Müßig & Söhne Immobilien",
        "mailbox": f"office@{tenant_id}.test",
        "display_name": "Müßig Immobilien",
        "agent_email": f"agent@{tenant_id}.test",
        "texts": {
            "de": {
                "signature": "Ihr Team",
                "imprint": "Müßig GmbH, Wien",
                "ai_notice": "Diese Antwort schrieb eine KI.",
            },
            "en": {
                "signature": "Your team",
                "imprint": "Müßig GmbH, Vienna",
                "ai_notice": "An AI wrote this answer.",
            },
        },
        "rules": [{"intents": ["complaint"], "answer": "human"}, {"minimum_confidence": 0.8, "answer": "ai"}],
        "credentials": {"smtp": SMTP},
        "hooks": [{"hook_id": f"{tenant_id}-mime", "source": "mime", "secrets": [SECRET]}],
    }


async def put(tenancy: RunningService, document: Document, **headers: str) -> httpx.Response:
    return await tenancy.http.put(f"/api/v1/tenants/{document['tenant_id']}", json=document, headers=headers)


async def audit(tenancy: RunningService, tenant_id: str) -> list[tuple[str, str, str]]:
    rows = (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}/audit")).json()["entries"]
    return [(row["actor"], row["action"], row["subject"]) for row in reversed(rows)]


async def hooks_of(tenancy: RunningService, tenant_id: str) -> list[Any]:
    answer = await tenancy.http.get("/internal/hooks")
    return [
        hook for hook in HookList.model_validate_json(answer.content).hooks if hook.tenant_id == tenant_id
    ]


async def test_a_new_tenant_is_kept_told_and_answered_to_the_services(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    answer = await put(tenancy, document)

    assert answer.status_code == 201, answer.text
    profile = TenantProfile.model_validate_json(
        (await tenancy.http.get(f"/internal/tenants/{tenant_id}/profile")).content
    )
    assert (profile.name, profile.version, profile.autonomy) == ("Müßig & Söhne Immobilien", 1, "draft")
    assert profile.texts["de"].ai_notice == "Diese Antwort schrieb eine KI."
    assert [rule.answer for rule in profile.rules] == ["human", "ai"]
    assert tenant_id in (await tenancy.http.get("/internal/tenants")).json()["tenants"]
    assert tenant_id in [line["tenant_id"] for line in (await tenancy.http.get("/api/v1/tenants")).json()]
    created = await tenancy.wire.heard(TenantCreated, lambda event: event.tenant_id == tenant_id)
    assert created.name == "Müßig & Söhne Immobilien"
    await tenancy.wire.heard(
        TenantConfigured, lambda event: (event.tenant_id, event.version) == (tenant_id, 1)
    )
    await tenancy.wire.heard(
        CredentialsChanged, lambda event: (event.tenant_id, event.credential) == (tenant_id, "smtp")
    )


async def test_the_same_document_again_changes_nothing_and_says_nothing(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    before = await audit(tenancy, tenant_id)

    again = await put(tenancy, document)

    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert await audit(tenancy, tenant_id) == before
    await tenancy.http.post(
        f"/api/v1/tenants/{tenant_id}/pause"
    )  # what is said next is heard after anything said before
    await tenancy.wire.heard(
        TenantConfigured, lambda event: (event.tenant_id, event.version) == (tenant_id, 2)
    )
    said = [event.version for event in tenancy.wire.all(TenantConfigured) if event.tenant_id == tenant_id]
    assert said == [1, 2]


async def test_every_change_has_an_audit_row_with_its_actor_and_without_values(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document, **{"X-Actor": "anna@frontdesk.test"})
    changed = deepcopy(document) | {"autonomy": "send"}
    changed["credentials"]["smtp"]["password"] = "Neu-und-geheim"
    await put(tenancy, changed, **{"X-Actor": "bert@frontdesk.test"})

    answer = await tenancy.http.get(f"/api/v1/tenants/{tenant_id}/audit")

    assert await audit(tenancy, tenant_id) == [
        ("service: anna@frontdesk.test", "hook.set", f"{tenant_id}-mime"),
        ("service: anna@frontdesk.test", "tenant.created", tenant_id),
        ("service: anna@frontdesk.test", "credential.set", "smtp"),
        ("service: bert@frontdesk.test", "tenant.configured", tenant_id),
        ("service: bert@frontdesk.test", "credential.set", "smtp"),
    ]
    configured = next(row for row in answer.json()["entries"] if row["action"] == "tenant.configured")
    assert configured["details"] == {"fields": ["autonomy"], "version": 2}
    assert "eheim" not in answer.text


async def test_a_credential_is_opened_for_services_and_never_for_an_admin(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    address = f"/internal/tenants/{tenant_id}/credentials/smtp"
    admin = tenancy.service.settings.admin_token.get_secret_value()

    opened = Credential.model_validate_json((await tenancy.http.get(address)).content)
    refused = await tenancy.http.get(address, headers={"Authorization": f"Bearer {admin}"})
    unknown = await tenancy.http.get(f"/internal/tenants/{tenant_id}/credentials/imap")

    assert opened.values["password"].get_secret_value() == SMTP["password"]
    assert opened.values["port"].get_secret_value() == "587"
    assert refused.status_code == 403
    assert unknown.status_code == 404


async def test_nothing_that_people_can_read_shows_a_secret(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    put_answer = await put(tenancy, document)
    shown = await tenancy.http.get(f"/api/v1/tenants/{tenant_id}")

    for answer in (put_answer, shown):
        assert answer.json()["credentials"] == [{"name": "smtp", "version": 1}]
        assert answer.json()["hooks"][0]["path"] == f"/webhooks/mime/{tenant_id}-mime"
        assert SMTP["password"] not in answer.text
        assert SECRET not in answer.text


async def test_secrets_lie_sealed_in_the_database(
    tenancy: RunningService, document: Document, tenant_id: str, database_url: str
) -> None:
    await put(tenancy, document)

    connection = await asyncpg.connect(database_url)
    try:
        boxes = await connection.fetch(
            "select box from tenancy.credentials union all select box from tenancy.hooks"
        )
    finally:
        await connection.close()

    assert len(boxes) >= 2
    for (box,) in boxes:
        assert box is None or box.startswith("f2.")


async def test_hooks_are_listed_for_the_gateway_with_a_version_that_rises(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    first = await tenancy.http.get("/internal/hooks")
    unchanged = await tenancy.http.get("/internal/hooks", headers={"If-None-Match": first.headers["ETag"]})
    document["hooks"][0]["secrets"] = [SECRET + "-neu", SECRET]
    await put(tenancy, document)
    after = await tenancy.http.get("/internal/hooks", headers={"If-None-Match": first.headers["ETag"]})

    assert unchanged.status_code == 304
    assert after.status_code == 200
    assert after.json()["version"] > first.json()["version"]
    (hook,) = await hooks_of(tenancy, tenant_id)
    assert [secret.get_secret_value() for secret in hook.secrets] == [SECRET + "-neu", SECRET]
    await tenancy.wire.heard(
        TenantConfigured, lambda event: (event.tenant_id, event.version) == (tenant_id, 2)
    )


async def test_a_hook_that_is_disabled_or_taken_out_is_no_longer_listed(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    document["hooks"][0]["enabled"] = False
    await put(tenancy, document)
    disabled = await hooks_of(tenancy, tenant_id)
    document["hooks"][0] |= {"enabled": True, "secrets": None}
    await put(tenancy, document)
    enabled = await hooks_of(tenancy, tenant_id)
    document["hooks"] = []
    await put(tenancy, document)

    assert disabled == []
    assert [secret.get_secret_value() for secret in enabled[0].secrets] == [SECRET]
    assert await hooks_of(tenancy, tenant_id) == []


async def test_a_hook_id_of_another_tenant_is_refused_and_nothing_is_kept(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    other = deepcopy(document) | {"tenant_id": f"{tenant_id}-2"}

    answer = await put(tenancy, other)

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}-2")).status_code == 404
    assert f"{tenant_id}-2" not in (await tenancy.http.get("/internal/tenants")).json()["tenants"]
    assert len(await hooks_of(tenancy, tenant_id)) == 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (
            {"hooks": [{"hook_id": "h", "source": "mime"}]},
            "hooks/0/secrets: is missing: a source without a secret",
        ),
        (
            {"hooks": [{"hook_id": "h", "source": "mime", "secrets": []}]},
            "hooks/0/secrets: is empty: a source without",
        ),
        (
            {"hooks": [{"hook_id": "h", "source": "mime", "secrets": ["kurz"]}]},
            "hooks/0/secrets/0: is shorter",
        ),
        ({"hooks": [{"hook_id": "H ö", "source": "mime", "secrets": [SECRET]}]}, "hooks/0/hook_id: must be"),
        ({"credentials": {"smpt": {"host": "x"}}}, "credentials/smpt: is no credential that Frontdesk knows"),
        ({"credentials": {"smtp": {**SMTP, "port": 70000}}}, "credentials/smtp/port: is no port"),
        (
            {"credentials": {"smtp": {**SMTP, "pasword": "x"}}},
            "credentials/smtp/pasword: is not part of smtp",
        ),
        (
            {"credentials": {"weclapp": {"base_url": "nowhere", "token": "t"}}},
            "credentials/weclapp/base_url: is no http",
        ),
        (
            {"credentials": {"weclapp": {"base_url": "http://169.254.169.254/latest", "token": "t"}}},
            "credentials/weclapp/base_url: is an address that is not on the public internet",
        ),
        (
            {"credentials": {"smtp": {**SMTP, "host": "10.0.0.25"}}},
            "credentials/smtp/host: is an address that is not on the public internet",
        ),
        (
            {"credentials": {"smtp": {**SMTP, "username": "office@a.test\r"}}},
            "credentials/smtp/username: has a",
        ),
        ({"filename_template": "{date} {customer}"}, "filename_template: names {customer}; there are {year}"),
        ({"time_zone": "Europe/Wien"}, "time_zone: is no IANA time zone"),
        ({"agent_email": "nobody"}, "agent_email: is no e-mail address"),
        ({"texts": {"de": {"signature": "x", "imprint": "y", "ai_notice": "z"}}}, "texts/en: is missing"),
        ({"folder_template": "../{person}"}, "folder_template: must not lead out"),
        ({"autonomy": "always"}, "body.autonomy"),
        ({"unknown": 1}, "body.unknown"),
        ({"tenant_id": "somebody-else"}, "the document somebody-else"),
    ],
)
async def test_a_flaw_is_named_where_it_stands_and_nothing_is_kept(
    tenancy: RunningService, document: Document, tenant_id: str, change: Document, where: str
) -> None:
    answer = await tenancy.http.put(f"/api/v1/tenants/{tenant_id}", json=document | change)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert where in answer.json()["detail"]
    assert SMTP["password"] not in answer.text
    assert (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}")).status_code == 404


async def test_a_tenant_id_that_is_none_is_refused(tenancy: RunningService, document: Document) -> None:
    answer = await tenancy.http.put("/api/v1/tenants/M%C3%BCller", json=document)

    assert answer.status_code == 422


async def test_one_credential_can_be_set_and_taken_away_by_itself(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    address = f"/api/v1/tenants/{tenant_id}/credentials/weclapp"
    values = {"base_url": "https://muster.weclapp.test/webapp/api/v2/", "token": "abc"}

    first = await tenancy.http.put(address, json=values)
    again = await tenancy.http.put(address, json=values)
    changed = await tenancy.http.put(address, json=values | {"token": "def"})
    opened = (await tenancy.http.get(f"/internal/tenants/{tenant_id}/credentials/weclapp")).json()
    removed = await tenancy.http.delete(address)
    gone = await tenancy.http.get(f"/internal/tenants/{tenant_id}/credentials/weclapp")
    await tenancy.http.put(address, json=values)
    anew = (await tenancy.http.get(f"/internal/tenants/{tenant_id}/credentials/weclapp")).json()

    assert [answer.status_code for answer in (first, again, changed, removed, gone)] == [
        204,
        204,
        204,
        204,
        404,
    ]
    assert (opened["version"], opened["values"]["token"]) == (2, "def")
    assert anew["version"] == 4
    actions = [action for _, action, subject in await audit(tenancy, tenant_id) if subject == "weclapp"]
    assert actions == ["credential.set", "credential.set", "credential.removed", "credential.set"]


async def test_a_document_without_credentials_and_hooks_leaves_them_as_they_are(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)
    await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/pause")
    bare = {name: value for name, value in document.items() if name not in {"credentials", "hooks"}}

    view = (await put(tenancy, bare | {"name": "Neu"})).json()

    assert (view["name"], view["paused"]) == ("Neu", True)
    assert view["credentials"] == [{"name": "smtp", "version": 1}]
    assert len(view["hooks"]) == 1


async def test_a_tenant_can_be_paused_and_resumed(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    await put(tenancy, document)

    paused = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/pause")
    twice = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/pause")
    resumed = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/resume")
    unknown = await tenancy.http.post(f"/api/v1/tenants/{tenant_id}-2/pause")

    assert [(answer.json()["paused"], answer.json()["version"]) for answer in (paused, twice, resumed)] == [
        (True, 2), (True, 2), (False, 3),
    ]  # fmt: skip
    assert unknown.status_code == 404
    actions = [action for _, action, _ in await audit(tenancy, tenant_id)]
    assert actions[-2:] == ["tenant.paused", "tenant.resumed"]


async def test_two_configurations_at_once_are_made_one_after_the_other(
    tenancy: RunningService, document: Document, tenant_id: str
) -> None:
    answers = await asyncio.gather(
        *(put(tenancy, document | {"name": f"Name {number}"}) for number in range(6))
    )

    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5, 6]
    assert sum(answer.status_code == 201 for answer in answers) == 1


async def test_without_a_token_nothing_is_answered(tenancy: RunningService, tenant_id: str) -> None:
    for path in ("/api/v1/tenants", f"/internal/tenants/{tenant_id}/profile", "/internal/hooks"):
        answer = await tenancy.http.get(path, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
