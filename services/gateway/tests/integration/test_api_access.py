from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import time

import httpx
import pytest
from structlog.testing import capture_logs

from contracts.tenants.v1 import TenantConfigured
from gateway.app import create_service
from testkit.behind import Files
from testkit.door import Issuer, TenancyDoor, described, describing, served, upstreams
from testkit.service import RunningService, free_port, running

KEY = "fdk_muster_7_secret"


@dataclass
class Door:
    """The gateway, with tenancy and the services around it."""

    gateway: RunningService
    issuer: Issuer
    tenancy: TenancyDoor
    files: Files
    client: httpx.AsyncClient
    folder: Path
    configuration: Path

    async def ask(
        self, path: str = "/api/v1/files", token: str | None = None, method: str = "GET", **headers: str
    ) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        return await self.client.request(method, path, headers=given)

    async def until(self, policy: str) -> None:
        """Wait until this limit holds, asking as ever other users."""
        async with asyncio.timeout(10):
            for number in count():
                token = self.issuer.token(sub=f"calm-{policy[-3]}-{number}", tenant="calm")
                if policy in (await self.ask(token=token)).headers["ratelimit-policy"]:
                    return
                await asyncio.sleep(0.1)

    async def learn(self) -> None:
        """Have the gateway ask tenancy again, by the news that a tenant was changed."""
        before = self.tenancy.states
        self.tenancy.version += 1
        news = TenantConfigured(tenant_id="muster", version=self.tenancy.version)
        await self.gateway.wire.say(news, tenant_id="muster")
        async with asyncio.timeout(10):
            while self.tenancy.states == before:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def door(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    issuer, files, folder = Issuer(), Files(), tmp_path_factory.mktemp("gateway")
    tenancy = TenancyDoor(issuer)
    tenancy.keys[KEY] = {"key_id": "7", "tenant_id": "muster", "name": "Export", "scopes": ["files:read"]}
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(files.routes()))
        second = await stack.enter_async_context(served(files.routes()))
        others = await stack.enter_async_context(served([describing(described())]))
        configuration = folder / "gateway.json"
        configuration.write_text("{}")
        own = {
            "TENANCY_URL": await stack.enter_async_context(served(tenancy.routes())),
            "GATEWAY_SNAPSHOT_PATH": str(folder / "hooks.sealed"),
            "GATEWAY_UPSTREAMS": upstreams(file_management=[url, second], others=others),
            "GATEWAY_CONFIG_PATH": str(configuration),
            "GATEWAY_LIMIT_USER": "1000/minute",
            "GATEWAY_LIMIT_ADDRESS": "1000/minute",
        }
        gateway = await stack.enter_async_context(running(create_service, environment | own))
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=str(gateway.http.base_url), trust_env=False)
        )
        yield Door(gateway, issuer, tenancy, files, client, folder, configuration)


def refused(answer: httpx.Response, status: int, words: str) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    return True


async def test_a_service_learns_from_the_gateway_who_asks_and_nothing_that_the_caller_claims(
    door: Door,
) -> None:
    answer = await door.ask(
        token=door.issuer.token(), X_Scopes="fleet:write", X_Actor="user:boss", X_Role="super_admin", X_Tenant_Id="muster",
        X_API_Key2="1",
    )  # fmt: skip
    underscored = await door.client.get(
        "/api/v1/files", headers={"Authorization": f"Bearer {door.issuer.token()}", "X_Scopes": "fleet:write"}
    )

    seen = answer.json()["headers"]
    service_token = door.gateway.http.headers["authorization"]
    assert seen["authorization"] == service_token
    assert (seen["x-tenant-id"], seen["x-actor"], seen["x-role"]) == ("muster", "user:u1", "agent")
    assert seen["x-scopes"] == "documents:read files:read files:write"
    assert "x_scopes" not in underscored.json()["headers"]


async def test_an_api_key_comes_in_both_ways(door: Door) -> None:
    bearer, header = await door.ask(token=KEY), await door.ask(X_API_Key=KEY)

    for answer in (bearer, header):
        seen = answer.json()["headers"]
        assert (seen["x-actor"], seen["x-tenant-id"], seen["x-scopes"]) == ("key:7", "muster", "files:read")
        assert "x-role" not in seen
        assert "x-api-key" not in seen
        assert KEY not in str(seen)


async def test_a_super_admin_chooses_a_company_and_nobody_else_does(door: Door) -> None:
    boss = door.issuer.token(tenant="fleet", role="super_admin")

    chosen = await door.ask(token=boss, X_Tenant_Id="other")
    own = await door.ask(token=boss)
    assert chosen.json()["headers"]["x-tenant-id"] == "other"
    assert own.json()["headers"]["x-tenant-id"] == "fleet"
    assert refused(await door.ask(token=door.issuer.token(), X_Tenant_Id="other"), 403, "another company")
    assert refused(await door.ask(X_API_Key=KEY, X_Tenant_Id="other"), 403, "another company")
    assert refused(await door.ask(token=boss, X_Tenant_Id="../x"), 400, "one company")


async def test_the_fleets_own_tokens_go_on_as_they_are_without_claims(door: Door) -> None:
    admin = door.gateway.service.settings.admin_token.get_secret_value()

    seen = (await door.ask(token=admin, X_Tenant_Id="muster", X_Actor="anna", X_Scopes="a:read")).json()[
        "headers"
    ]

    assert seen["authorization"] == f"Bearer {admin}"
    assert (seen["x-tenant-id"], seen["x-actor"]) == ("muster", "anna")
    assert "x-scopes" not in seen


async def test_who_shows_nothing_sound_is_told_what_is_wanted(door: Door) -> None:
    nothing = await door.ask()
    assert refused(nothing, 401, "show an access token or an API key")
    assert nothing.headers["www-authenticate"] == 'Bearer realm="frontdesk"'
    for header, words in [
        ("Basic abc", "must be 'Bearer'"), ("Bearer", "must be 'Bearer'"), ("Bearer x", "neither"),
        ("Bearer a.b.c", "no access token"), ("Bearer fdk_muster_8_wrong", "not known"), ("Bearer " + "x" * 9000, "neither"),
    ]:  # fmt: skip
        answer = await door.client.get("/api/v1/files", headers={"Authorization": header})
        assert refused(answer, 401, words)
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert refused(await door.ask(token=door.issuer.token(), X_API_Key=KEY), 401, "one credential")
    assert refused(await door.ask(X_API_Key="other"), 401, "fdk_")


async def test_tokens_that_are_over_for_others_or_forged_are_refused(door: Door) -> None:
    stranger = Issuer()
    for token, words in [
        (door.issuer.token(exp=int(time()) - 1), "expired"),
        (door.issuer.token(aud="another-api"), "somebody else"),
        (door.issuer.token(iss="evil"), "somebody else"),
        (door.issuer.signed(door.issuer.claims(), typ="JWT"), "something else"),
        (stranger.token(), "no access token of ours"),
        (Issuer("k9").token(), "no key of ours"),
    ]:
        assert refused(await door.ask(token=token), 401, words)


async def test_a_token_that_expires_while_it_is_remembered_is_refused(door: Door) -> None:
    token = door.issuer.token(exp=int(time()) + 1)
    assert (await door.ask(token=token)).status_code == 200
    async with asyncio.timeout(5):
        while (answer := await door.ask(token=token)).status_code == 200:
            await asyncio.sleep(0.1)

    assert refused(answer, 401, "expired")


async def test_a_scope_that_is_missing_is_named(door: Door) -> None:
    answer = await door.ask("/api/v1/files", KEY, "POST")

    assert refused(answer, 403, "files:write")
    assert 'scope="files:write"' in answer.headers["www-authenticate"]


async def test_a_public_operation_wants_no_token_and_gives_none_away(door: Door) -> None:
    answer = await door.ask("/api/v1/login", door.issuer.token(), "POST", X_Scopes="a", X_Tenant_Id="muster")

    assert answer.status_code == 200
    assert not {"authorization", "x-scopes", "x-actor", "x-tenant-id"} & answer.json()["headers"].keys()


async def test_what_was_revoked_or_suspended_is_let_in_no_more(door: Door) -> None:
    token, other = door.issuer.token(sid="s2"), door.issuer.token(sid="s3", tenant="gone")
    others_key = KEY.replace("muster", "gone")
    door.tenancy.keys[others_key] = {**door.tenancy.keys[KEY], "key_id": "8", "tenant_id": "gone"}
    assert {(await door.ask(token=one)).status_code for one in (token, other, KEY, others_key)} == {200}
    door.tenancy.revoked, door.tenancy.suspended = ["s2", "7"], ["gone"]
    await door.learn()

    assert refused(await door.ask(token=token), 401, "session has ended")
    assert refused(await door.ask(token=KEY), 401, "revoked")
    assert refused(await door.ask(token=other), 403, "suspended")
    assert refused(await door.ask(token=others_key), 403, "suspended")
    assert (await door.ask(token=door.issuer.token())).status_code == 200
    door.tenancy.revoked, door.tenancy.suspended = [], []
    await door.learn()


async def test_whom_only_the_licence_stops_is_told_in_his_language_where_to_pay(door: Door) -> None:
    token, admin = door.issuer.token(tenant="owing"), door.issuer.token(tenant="owing", scope="billing:read")
    door.tenancy.suspended = door.tenancy.unlicensed = ["owing"]
    await door.learn()

    german = await door.ask(token=token, Accept_Language="de-AT,de;q=0.9,en;q=0.8")
    english = await door.ask(token=token, Accept_Language="en-GB")
    owed = await door.ask("/api/v1/billing/invoices", admin)
    tokenless = await door.ask("/api/v1/login", method="POST")
    door.tenancy.suspended = door.tenancy.unlicensed = []
    await door.learn()

    assert refused(german, 402, "von selbst weiter")
    assert refused(english, 402, "goes on by itself")
    assert (german.headers["content-language"], german.json()["title"]) == (
        "de",
        "Lizenz ruht: bitte bezahlen",
    )
    assert english.headers["link"] == '</api/v1/billing/invoices>; rel="payment"'
    assert (owed.status_code, tokenless.status_code) == (200, 200)
    assert (await door.ask(token=token)).status_code == 200


async def test_a_new_signing_key_is_known_at_once_and_a_withdrawn_one_no_more(door: Door) -> None:
    fresh = Issuer("k2")
    door.tenancy.issuers.append(fresh)
    await door.learn()
    assert (await door.ask(token=fresh.token())).status_code == 200

    door.tenancy.issuers.remove(fresh)
    await door.learn()
    assert refused(await door.ask(token=fresh.token()), 401, "signed with")


async def test_limits_are_told_and_held_and_may_change_while_the_gateway_runs(door: Door) -> None:
    before = await door.ask(token=door.issuer.token(sub="busy"))
    assert before.headers["ratelimit-policy"] == '"user";q=1000;w=60, "tenant";q=6000;w=60'
    assert before.headers["ratelimit"].startswith('"user";r=999;t=')

    door.configuration.write_text(
        json.dumps({"limits": {"user": "2/minute", "address": "1/minute", "key": "500/hour"}})
    )
    await door.until('"user";q=2;')
    door.configuration.write_text('{"limits": {"user": "none"}}')
    answers = [await door.ask(token=door.issuer.token(sub="busy")) for _ in range(3)]
    logins = [await door.ask("/api/v1/login", method="POST") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].headers["ratelimit"].startswith('"user";r=0;t=')
    assert refused(answers[2], 429, "limit 'user' of 2 requests in 60 s")
    assert logins[-1].status_code == 429
    async with asyncio.timeout(10):
        while "limits.user" not in (health := (await door.gateway.http.get("/health")).text):
            await asyncio.sleep(0.1)
    assert "is refused, what was read before stays" in health
    door.configuration.write_text("{}")
    await door.until('"user";q=1000;')


async def test_a_read_that_may_be_kept_is_answered_from_memory_until_somebody_writes(door: Door) -> None:
    path, token = "/api/v1/files/kept", door.issuer.token()
    door.files.cache = "private, max-age=60"
    first = await door.ask(path, token)
    again = await door.ask(path, token)
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, max-age=60"
    assert "age" in again.headers
    assert (await door.ask(path, token, If_None_Match=first.headers["etag"])).status_code == 304

    assert (await door.ask(path, door.issuer.token(sub="u2"))).json() != first.json()
    assert (await door.ask(path, door.issuer.token(tenant="other"))).json() != first.json()
    assert (await door.ask(path, door.issuer.token(scope="files:read"))).json() != first.json()
    assert (await door.ask(path + "?a=1", token)).json() != first.json()
    assert (await door.ask(path, token)).json() == first.json()

    await door.ask("/api/v1/files", token, "POST")
    changed = await door.ask(path, token)
    assert changed.json() != first.json()
    assert (await door.ask(path, token, Cache_Control="no-cache")).json() != changed.json()


async def test_what_a_service_allows_to_all_is_shared_within_a_company_by_those_with_the_same_rights(
    door: Door,
) -> None:
    path = "/api/v1/files/kept?shared"
    door.files.cache = "public, max-age=60"
    first = await door.ask(path, door.issuer.token())

    assert (await door.ask(path, door.issuer.token(sub="u2"))).json() == first.json()
    assert first.headers["cache-control"] == "private, max-age=60"
    assert (await door.ask(path, door.issuer.token(tenant="other"))).json() != first.json()
    assert (await door.ask(path, door.issuer.token(role="tenant_admin"))).json() != first.json()


async def test_what_a_service_does_not_allow_is_asked_for_each_time(door: Door) -> None:
    answers = [await door.ask("/api/v1/files/count", door.issuer.token()) for _ in range(2)]

    assert answers[0].json() != answers[1].json()
    assert "etag" not in answers[0].headers


async def test_the_log_tells_of_each_request_and_of_nobody(door: Door) -> None:
    with capture_logs() as logs:
        await door.ask(
            "/api/v1/files/secret-name.pdf?q=anna%40example.com", door.issuer.token(), X_Request_Id="r-7"
        )

    line = next(line for line in logs if line.get("request_id") == "r-7")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/files/{file_id}", 200)
    assert (line["tenant"], line["actor"]) == ("muster", "user:u1")
    assert not any(words in str(logs) for words in ("anna", "secret-name", "127.0.0.1"))
    metrics = (await door.gateway.http.get("/metrics")).text
    assert 'route="/api/v1/files/{file_id}"' in metrics


async def test_while_tenancy_is_down_people_and_known_keys_come_in_also_after_a_restart(
    door: Door, environment: dict[str, str]
) -> None:
    token = door.issuer.token()
    assert {(await door.ask(token=one)).status_code for one in (token, KEY)} == {200}
    nobody = f"http://127.0.0.1:{free_port()}"
    down = {
        "TENANCY_URL": nobody, "GATEWAY_SNAPSHOT_PATH": str(door.folder / "hooks.sealed"),
        "GATEWAY_UPSTREAMS": upstreams(others=nobody),
    }  # fmt: skip
    door.tenancy.down = True
    try:
        assert {(await door.ask(token=one)).status_code for one in (token, KEY)} == {200}
        async with running(create_service, environment | down) as restarted:
            bearer = {"Authorization": f"Bearer {token}"}
            known = await restarted.http.get("/api/v1/files", headers=bearer)
            unknown = await restarted.http.get("/api/v1/files", headers={"Authorization": f"Bearer {KEY}"})
            health = (await restarted.http.get("/health")).json()

        # The table was kept too: the service is known, and only it is down.
        assert refused(known, 502, "file-management")
        assert refused(unknown, 503, "tenancy")
        assert unknown.headers["retry-after"]
        assert health["status"] == "warn"
    finally:
        door.tenancy.down = False


async def test_after_the_stated_time_nobody_is_let_in_but_services_and_admins(
    door: Door, environment: dict[str, str], tmp_path: Path
) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    own = {
        "TENANCY_URL": nobody, "GATEWAY_SNAPSHOT_PATH": str(tmp_path / "hooks.sealed"),
        "GATEWAY_UPSTREAMS": upstreams(others=nobody), "GATEWAY_ACCESS_HOLD_SECONDS": "0.001",
    }  # fmt: skip
    for name in ("access.sealed", "routes.sealed"):
        (tmp_path / name).write_bytes((door.folder / name).read_bytes())
    async with running(create_service, environment | own) as late:
        person = await late.http.get(
            "/api/v1/files", headers={"Authorization": f"Bearer {door.issuer.token()}"}
        )
        service = await late.http.get("/api/v1/files")
        health = (await late.http.get("/health")).text

    assert refused(person, 503, "not heard of for too long")
    assert person.headers["retry-after"]
    assert refused(service, 502, "file-management")
    assert "refused with 503" in health
