from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gateway.app import create_service as create_gateway
from tenancy.app import create_service as create_tenancy
from testkit.door import described, describing, served, upstreams
from testkit.people import ANOTHER_PASSWORD, CHEAP_HASHES, PASSWORD, People, Somebody
from testkit.service import running


class House:
    """The real tenancy behind the real gateway, and people who use them."""

    def __init__(self, people: People, door: httpx.AsyncClient) -> None:
        self.people = people
        self.door = door

    async def log_in(self, somebody: Somebody) -> dict[str, str]:
        """Log in through the gateway; the header to ask with."""
        document = {"email": somebody.email, "password": PASSWORD}
        answer = await self.door.post("/api/v1/auth/login", json=document)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture(scope="module")
async def house(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with AsyncExitStack() as stack:
        tenancy = await stack.enter_async_context(running(create_tenancy, {**environment, **CHEAP_HASHES}))
        others = await stack.enter_async_context(served([describing(described())]))
        url = f"http://127.0.0.1:{tenancy.service.settings.port}"
        own = {
            "TENANCY_URL": url,
            "GATEWAY_SNAPSHOT_PATH": str(folder / "hooks.sealed"),
            "GATEWAY_UPSTREAMS": upstreams(tenancy=url, others=others),
        }
        gateway = await stack.enter_async_context(running(create_gateway, environment | own))
        door = httpx.AsyncClient(base_url=str(gateway.http.base_url), trust_env=False)
        yield House(People(tenancy), await stack.enter_async_context(door))


async def test_who_logs_in_reads_his_own_company_and_no_other(house: House) -> None:
    own, other = await house.people.company(), await house.people.company()
    bearer = await house.log_in(await house.people.join(own))

    me = await house.door.get("/api/v1/auth/me", headers=bearer)
    mine = await house.door.get(f"/api/v1/tenants/{own}", headers=bearer)
    theirs = await house.door.get(f"/api/v1/tenants/{other}", headers=bearer)
    claimed = await house.door.get("/api/v1/users", headers=bearer | {"X-Tenant-Id": other})

    assert (me.status_code, mine.status_code) == (200, 200)
    assert (theirs.status_code, claimed.status_code) == (404, 403)


async def test_an_agent_may_not_invite_and_a_tenant_admin_may(house: House) -> None:
    company = await house.people.company()
    agent = await house.log_in(await house.people.join(company, "agent"))
    admin = await house.log_in(await house.people.join(company))

    def invitation() -> dict[str, str]:
        return {"email": f"{uuid4().hex[:8]}@post.test", "role": "agent"}

    refused = await house.door.post("/api/v1/users/invitations", json=invitation(), headers=agent)
    invited = await house.door.post("/api/v1/users/invitations", json=invitation(), headers=admin)

    assert (refused.status_code, invited.status_code) == (403, 201)
    assert 'scope="users:write"' in refused.headers["www-authenticate"]


async def test_who_logs_out_everywhere_is_let_in_no_more_at_once(house: House) -> None:
    somebody = await house.people.join(await house.people.company())
    here, there = await house.log_in(somebody), await house.log_in(somebody)
    assert (await house.door.get("/api/v1/auth/me", headers=there)).status_code == 200

    left = await house.door.post("/api/v1/auth/logout-everywhere", headers=here)

    assert left.status_code == 204
    for bearer in (here, there):
        assert (await house.door.get("/api/v1/auth/me", headers=bearer)).status_code == 401


async def test_an_api_key_opens_what_it_is_for_until_it_is_revoked(house: House) -> None:
    company = await house.people.company()
    admin = await house.log_in(await house.people.join(company))
    soon = datetime.now(UTC) + timedelta(days=30)
    document = {"name": "Export", "scopes": ["users:read"], "expires_at": soon.isoformat()}
    made = await house.door.post("/api/v1/api-keys", json=document, headers=admin)
    assert made.status_code == 201, made.text
    key = {"X-API-Key": made.json()["key"]}

    listed = await house.door.get("/api/v1/users", headers=key)
    refused = await house.door.get("/api/v1/api-keys", headers=key)
    assert (listed.status_code, refused.status_code) == (200, 403)
    assert made.headers["cache-control"] == "no-store"

    gone = await house.door.delete(f"/api/v1/api-keys/{made.json()['key_id']}", headers=admin)
    assert gone.status_code == 204
    assert (await house.door.get("/api/v1/users", headers=key)).status_code == 401


async def test_a_suspended_company_is_shut_out_and_comes_back(house: House) -> None:
    company = await house.people.company()
    bearer = await house.log_in(await house.people.join(company))
    admin = house.people.admin(company)

    suspended = await house.door.post(
        f"/api/v1/tenants/{company}/suspend", json={"because": "unpaid"}, headers=admin
    )
    shut_out = await house.door.get("/api/v1/auth/me", headers=bearer)
    await house.door.post(f"/api/v1/tenants/{company}/reinstate", headers=admin)
    back = await house.door.get("/api/v1/auth/me", headers=bearer)

    assert suspended.status_code == 200, suspended.text
    assert (shut_out.status_code, back.status_code) == (403, 200)


async def test_a_changed_password_ends_the_other_sessions(house: House) -> None:
    somebody = await house.people.join(await house.people.company())
    here, there = await house.log_in(somebody), await house.log_in(somebody)

    document = {"current": PASSWORD, "new": ANOTHER_PASSWORD}
    changed = await house.door.post("/api/v1/auth/password", json=document, headers=here)

    assert changed.status_code < 300, changed.text
    assert (await house.door.get("/api/v1/auth/me", headers=there)).status_code == 401
