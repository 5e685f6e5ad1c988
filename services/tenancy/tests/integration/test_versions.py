"""Every version of a tenant is kept; changes upon an old reading are refused; suspension; the audit by pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from contracts.tenants.http_v1 import TenantProfile
from contracts.tenants.v1 import TenantConfigured
from tenancy.app import create_service
from testkit.service import RunningService, running

Document = dict[str, Any]
SECRET = "ein-sehr-geheimes-wort"
WECLAPP = {"base_url": "https://muster.test/webapp/api/v2/", "token": "geheim"}
HOURS = {
    "week": {"monday": [{"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "17:30"}], "sunday": []},
    "holidays": [{"day": "2026-12-25", "name": "Christtag"}],
}  # fmt: skip


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


@pytest.fixture
def document() -> Document:
    tenant_id = f"version-{uuid4().hex[:10]}"
    words = {"signature": "S", "imprint": "I", "ai_notice": "N"}
    return {
        "tenant_id": tenant_id, "name": "Erste", "mailbox": "office@version.test", "display_name": "Version",
        "agent_email": "agent@version.test", "texts": {"de": words, "en": words}, "hours": HOURS,
        "rules": [{"answer": "human", "hours": "open"}, {"answer": "ai", "hours": "closed"}],
    }  # fmt: skip


@pytest.fixture
def address(document: Document) -> str:
    return f"/api/v1/tenants/{document['tenant_id']}"


async def test_hours_and_rules_upon_them_are_kept_and_told_to_the_services(
    tenancy: RunningService, document: Document, address: str
) -> None:
    answer = await tenancy.http.put(address, json=document)
    again = await tenancy.http.put(address, json=document)

    assert (answer.status_code, again.status_code, again.json()["version"]) == (201, 200, 1)
    found = await tenancy.http.get(f"/internal/tenants/{document['tenant_id']}/profile")
    profile = TenantProfile.model_validate_json(found.content)
    assert profile.hours is not None
    assert [span.opens for span in profile.hours.week["monday"]] == ["09:00", "13:00"]
    assert [day.name for day in profile.hours.holidays] == ["Christtag"]
    assert [rule.hours for rule in profile.rules] == ["open", "closed"]
    bare = {name: value for name, value in document.items() if name not in {"hours", "rules"}}
    assert (await tenancy.http.put(address, json=bare)).json()["hours"] is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"hours": {"week": {"monday": [{"opens": "9:00", "closes": "12:00"}]}}}, "hours/week/monday/0/opens: is no"),
        ({"hours": {"week": {"monday": [{"opens": "22:00", "closes": "02:00"}]}}}, "hours/week/monday/0/closes: is not"),
        ({"hours": {"week": {"someday": []}}}, "body.hours.week.someday"),
        ({"hours": {"week": {}}}, "hours/week: has no hours at all"),
        ({"hours": None}, "rules/0/hours: asks for business hours"),
        ({"rules": [{"answer": "ai", "intents": ["complaining"]}]}, "body.rules.0.intents.0"),
        ({"rules": [{"answer": "ai", "channels": ["fax"]}]}, "body.rules.0.channels.0"),
        ({"name": "Null\x00"}, "body.name"),
        ({"tenant_id": "fleet"}, "the document fleet"),
    ],
)  # fmt: skip
async def test_a_flaw_of_hours_or_rules_is_named_where_it_stands(
    tenancy: RunningService, document: Document, address: str, change: Document, where: str
) -> None:
    answer = await tenancy.http.put(address, json=document | change)

    assert answer.status_code == 422
    assert where in answer.json()["detail"]


async def test_the_fleets_own_id_is_no_companys(tenancy: RunningService, document: Document) -> None:
    answer = await tenancy.http.put("/api/v1/tenants/fleet", json=document | {"tenant_id": "fleet"})

    assert answer.status_code == 422
    assert "tenant_id: fleet is reserved" in answer.json()["detail"]


async def test_an_old_version_is_shown_compared_and_brought_back_as_a_new_one(
    tenancy: RunningService, document: Document, address: str
) -> None:
    await tenancy.http.put(address, json=document | {"credentials": {"weclapp": WECLAPP}})
    await tenancy.http.put(
        address, json=document | {"name": "Zweite", "autonomy": "send"}, headers={"X-Actor": "bert"}
    )
    await tenancy.http.post(f"{address}/pause")

    listed = (await tenancy.http.get(f"{address}/versions")).json()
    first = (await tenancy.http.get(f"{address}/versions/1")).json()
    differences = (await tenancy.http.get(f"{address}/versions/2/differences", params={"against": 1})).json()
    restored = await tenancy.http.post(f"{address}/versions/1/restore", headers={"X-Actor": "anna"})

    assert [(line["version"], line["changed"]) for line in listed["versions"]] == [
        (3, ["paused"]), (2, ["name", "autonomy"]), (1, []),
    ]  # fmt: skip
    assert listed["versions"][1]["actor"] == "service: bert"
    assert listed["next"] is None
    assert (first["version"], first["profile"]["name"]) == (1, "Erste")
    assert first["profile"]["hours"]["week"]["monday"] == HOURS["week"]["monday"]
    assert differences == [
        {"field": "name", "before": "Erste", "after": "Zweite"},
        {"field": "autonomy", "before": "draft", "after": "send"},
    ]
    view = restored.json()
    assert (view["version"], view["name"], view["autonomy"], view["paused"]) == (4, "Erste", "draft", True)
    assert view["credentials"] == [{"name": "weclapp", "version": 1}]
    audited = (await tenancy.http.get(f"{address}/audit")).json()["entries"][0]
    assert (audited["actor"], audited["action"]) == ("service: anna", "tenant.restored")
    assert audited["details"] == {"fields": ["name", "autonomy"], "version": 4, "restored": 1}
    await tenancy.wire.heard(
        TenantConfigured, lambda event: (event.tenant_id, event.version) == (document["tenant_id"], 4)
    )


async def test_versions_come_in_pages_and_an_unknown_one_is_not_found(
    tenancy: RunningService, document: Document, address: str
) -> None:
    for number in range(1, 6):
        await tenancy.http.put(address, json=document | {"name": f"Name {number}"})

    first = (await tenancy.http.get(f"{address}/versions", params={"limit": 2})).json()
    second = (
        await tenancy.http.get(f"{address}/versions", params={"limit": 3, "before": first["next"]})
    ).json()

    assert [line["version"] for line in first["versions"]] == [5, 4]
    assert [line["changed"] for line in first["versions"]] == [["name"], ["name"]]
    assert [line["version"] for line in second["versions"]] == [3, 2, 1]
    assert second["next"] is None
    for path in ("versions/6", "versions/1/differences?against=9"):
        assert (await tenancy.http.get(f"{address}/{path}")).status_code == 404
    assert (await tenancy.http.post(f"{address}/versions/6/restore")).status_code == 404
    assert (await tenancy.http.get("/api/v1/tenants/nobody/versions")).status_code == 404
    assert (await tenancy.http.get(f"{address}/versions/99999999999")).status_code == 422


async def test_a_change_upon_an_old_reading_is_refused(
    tenancy: RunningService, document: Document, address: str
) -> None:
    created = await tenancy.http.put(address, json=document)
    read = await tenancy.http.get(address)
    tag = {"If-Match": read.headers["ETag"]}
    answers = await asyncio.gather(
        *(tenancy.http.put(address, json=document | {"name": f"N{n}"}, headers=tag) for n in range(4))
    )
    stale_restore = await tenancy.http.post(f"{address}/versions/1/restore", headers=tag)
    any_state = await tenancy.http.put(address, json=document, headers={"If-Match": "*"})

    assert created.headers["ETag"] == read.headers["ETag"]
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert stale_restore.status_code == 412
    assert "changed meanwhile" in stale_restore.json()["detail"]
    assert (any_state.status_code, any_state.json()["version"]) == (200, 3)
    new = f"/api/v1/tenants/{document['tenant_id']}-2"
    absent = await tenancy.http.put(new, json=document | {"tenant_id": None}, headers={"If-Match": "*"})
    assert absent.status_code == 412
    assert (await tenancy.http.get(new)).status_code == 404


async def test_a_new_credential_makes_a_reading_old_too(
    tenancy: RunningService, document: Document, address: str
) -> None:
    first = await tenancy.http.put(address, json=document)
    await tenancy.http.put(f"{address}/credentials/weclapp", json=WECLAPP)

    stale = await tenancy.http.put(address, json=document, headers={"If-Match": first.headers["ETag"]})
    fresh = (await tenancy.http.get(address)).headers["ETag"]
    current = await tenancy.http.put(address, json=document, headers={"If-Match": f'"other", W/{fresh}'})

    assert (stale.status_code, current.status_code) == (412, 200)


async def test_a_suspended_company_is_told_to_the_services_and_the_gateway_and_can_be_reinstated(
    tenancy: RunningService, document: Document, address: str
) -> None:
    tenant_id = document["tenant_id"]
    hook = {"hook_id": f"{tenant_id}-mime", "source": "mime", "secrets": [SECRET]}
    await tenancy.http.put(address, json=document | {"hooks": [hook]})
    tag = (await tenancy.http.get("/internal/hooks")).headers["ETag"]

    suspended = await tenancy.http.post(f"{address}/suspend", json={"because": "Rechnung offen"})
    registry = await tenancy.http.get("/internal/hooks", headers={"If-None-Match": tag})
    profile = (await tenancy.http.get(f"/internal/tenants/{tenant_id}/profile")).json()
    kept = await tenancy.http.put(address, json=document | {"name": "Während", "paused": False})
    listed = (await tenancy.http.get("/internal/tenants")).json()["tenants"]
    reinstated = await tenancy.http.post(f"{address}/reinstate")

    assert (suspended.json()["suspended"], suspended.json()["suspended_because"]) == (True, "Rechnung offen")
    assert [
        (each["suspended"], each["secrets"])
        for each in registry.json()["hooks"]
        if each["tenant_id"] == tenant_id
    ] == [(True, [SECRET])]
    assert profile["suspended"] is True
    assert kept.json()["suspended"] is True, "a document does not lift a suspension"
    assert tenant_id not in listed
    assert (reinstated.json()["suspended"], reinstated.json()["suspended_because"]) == (False, "")
    assert tenant_id in (await tenancy.http.get("/internal/tenants")).json()["tenants"]
    for version in (2, 4):
        await tenancy.wire.heard(
            TenantConfigured, lambda event, v=version: (event.tenant_id, event.version) == (tenant_id, v)
        )
    rows = (await tenancy.http.get(f"{address}/audit", params={"action": "tenant"})).json()["entries"]
    assert [row["action"] for row in rows] == [
        "tenant.reinstated", "tenant.configured", "tenant.suspended", "tenant.created",
    ]  # fmt: skip
    assert rows[2]["details"]["because"] == "Rechnung offen"


async def test_the_audit_comes_in_pages_and_by_what_is_asked_for(
    tenancy: RunningService, document: Document, address: str
) -> None:
    await tenancy.http.put(address, json=document, headers={"X-Actor": "anna"})
    for number in range(4):
        values = WECLAPP | {"token": f"geheim-{number}"}
        await tenancy.http.put(f"{address}/credentials/weclapp", json=values, headers={"X-Actor": "bert"})

    async def asked(**parameters: str | int) -> Document:
        return (await tenancy.http.get(f"{address}/audit", params=parameters)).json()

    pages: list[Document] = [await asked(limit=2)]
    while pages[-1]["next"] is not None:
        pages.append(await asked(limit=2, before=pages[-1]["next"]))
    rows = [row for page in pages for row in page["entries"]]

    assert [row["action"] for row in rows] == ["credential.set"] * 4 + ["tenant.created"]
    assert len({row["id"] for row in rows}) == 5
    assert [row["actor"] for row in (await asked(actor="service: anna"))["entries"]] == ["service: anna"]
    assert len((await asked(action="credential"))["entries"]) == 4
    assert len((await asked(action="credential.set", subject="weclapp"))["entries"]) == 4
    assert (await asked(action="cred"))["entries"] == []
    assert len((await asked(since=rows[1]["at"]))["entries"]) == 2
    assert len((await asked(until=rows[1]["at"]))["entries"]) == 3
    for moment in ("gestern", "2026-11-20T12:00:00", "0001-01-01T00:00:00+14:00"):
        assert (await tenancy.http.get(f"{address}/audit", params={"since": moment})).status_code == 422
    assert (await tenancy.http.get(f"{address}/audit", params={"actor": "a\x00"})).status_code == 422


async def test_a_session_of_another_tenant_sees_no_row_of_this_one_without_any_filter(
    tenancy: RunningService, document: Document, address: str
) -> None:
    await tenancy.http.put(address, json=document | {"credentials": {"weclapp": WECLAPP}})
    tenant_id, units = document["tenant_id"], tenancy.service.units

    for table in ("tenants", "tenant_versions", "credentials", "audit"):
        statement = text(f"select distinct tenant_id from tenancy.{table}")
        async with units.reading(tenant_id) as session:
            own = (await session.execute(statement)).scalars().all()
        async with units.reading("another") as session:
            hidden = (await session.execute(statement)).scalars().all()
        async with units.fleet() as session:
            nobody = (await session.execute(statement)).scalars().all()
        assert (own, hidden, nobody) == ([tenant_id], [], []), table


def vouched(document: Document, *scopes: str, role: str = "tenant_admin") -> dict[str, str]:
    """The headers by which the gateway vouches for a person."""
    return {
        "X-Tenant-Id": document["tenant_id"], "X-Actor": "user:anna", "X-Role": role, "X-Scopes": " ".join(scopes),
    }  # fmt: skip


async def test_what_a_companys_own_admin_may_and_may_not(
    tenancy: RunningService, document: Document, address: str
) -> None:
    tenant_id = document["tenant_id"]
    admin = vouched(document, "tenants:read", "tenants:write", "credentials:write", "audit:read")

    async def ask(method: str, path: str, json: object = None) -> httpx.Response:
        return await tenancy.http.request(method, path, json=json, headers=admin)

    unborn = await ask("PUT", address, document)
    await tenancy.http.put(address, json=document)
    changed = await ask("PUT", address, document | {"name": "Neu"})
    with_hooks = await ask("PUT", address, document | {"hooks": []})
    allowed = [await ask("GET", f"{address}/audit"), await ask("POST", f"{address}/rotate-key")]
    refused = [
        await ask("GET", "/api/v1/tenants"),
        await ask("POST", f"{address}/suspend", {"because": "x"}),
        await ask("POST", f"{address}/reinstate"),
        await ask("POST", f"{address}/destroy-key", {"tenant_id": tenant_id, "because": "x"}),
    ]
    others = [
        await ask("GET", "/api/v1/tenants/somebody-else"),
        await ask("PUT", "/api/v1/tenants/somebody-else", document | {"tenant_id": None}),
        await ask("GET", "/api/v1/tenants/somebody-else/versions/1"),
    ]

    assert unborn.status_code == 404
    assert changed.status_code == 200
    assert (with_hooks.status_code, "hooks:write" in with_hooks.json()["detail"]) == (403, True)
    assert [answer.status_code for answer in allowed] == [200, 200]
    assert [answer.status_code for answer in refused] == [403, 403, 403, 403]
    assert [answer.status_code for answer in others] == [404, 404, 404]
    rows = (await tenancy.http.get(f"{address}/audit", params={"actor": "user:anna"})).json()["entries"]
    assert [row["action"] for row in rows] == ["key.rotated", "tenant.configured"]


async def test_every_route_that_changes_a_tenant_leaves_an_audit_row_with_its_actor(
    tenancy: RunningService, document: Document, address: str
) -> None:
    hook = {"hook_id": f"{document['tenant_id']}-mime", "source": "mime", "secrets": [SECRET]}
    because = {"because": "x"}
    changes: list[tuple[str, str, object, list[str]]] = [
        ("PUT", "", document | {"hooks": [hook]}, ["hook.set", "tenant.created"]),
        ("PUT", "", document | {"hooks": [], "name": "Neu"}, ["hook.removed", "tenant.configured"]),
        ("PUT", "/credentials/{name}", WECLAPP, ["credential.set"]),
        ("POST", "/rotate-key", None, ["key.rotated"]),
        ("DELETE", "/credentials/{name}", None, ["credential.removed"]),
        ("POST", "/versions/{version}/restore", None, ["tenant.restored"]),
        ("POST", "/pause", None, ["tenant.paused"]),
        ("POST", "/resume", None, ["tenant.resumed"]),
        ("POST", "/suspend", because, ["tenant.suspended"]),
        ("POST", "/reinstate", None, ["tenant.reinstated"]),
        ("POST", "/destroy-key", because | {"tenant_id": document["tenant_id"]}, ["key.destroyed", "tenant.suspended"]),
    ]  # fmt: skip
    for number, (method, path, body, _) in enumerate(changes):
        answer = await tenancy.http.request(
            method, address + path.format(name="weclapp", version=1), json=body, headers={"X-Actor": f"a{number}"}
        )  # fmt: skip
        assert answer.is_success, (path, answer.text)

    rows = (await tenancy.http.get(f"{address}/audit")).json()["entries"]
    for number, (method, path, _, actions) in enumerate(changes):
        noted = [row["action"] for row in reversed(rows) if row["actor"] == f"service: a{number}"]
        assert noted == actions, (method, path)
    described: dict[str, dict[str, object]] = (await tenancy.http.get("/openapi.json")).json()["paths"]
    prefix = "/api/v1/tenants/{tenant_id}"
    routes = {
        (method.upper(), path.removeprefix(prefix))
        for path, operations in described.items()
        for method in operations
        if path.startswith(prefix) and method in {"put", "post", "delete", "patch"}
    }
    assert routes == {(method, path) for method, path, _, _ in changes}
