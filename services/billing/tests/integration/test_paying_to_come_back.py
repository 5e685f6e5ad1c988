"""A company that its licence stopped comes back by paying: through the real gateway, tenancy, billing, and Stripe's signed events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import stripe

from billing.app import create_service as create_billing
from contracts.tenants.v1 import LicenceChanged
from gateway.app import create_service as create_gateway
from tenancy.app import create_service as create_tenancy
from testkit.door import described, describing, served, upstreams
from testkit.people import CHEAP_HASHES, PASSWORD, Clock, People, Somebody
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running

WORDS = {"signature": "S", "imprint": "I", "ai_notice": "N"}
HOOK = "stripe-of-this-test"


@dataclass
class House:
    """The three services, the people, and Stripe."""

    people: People
    door: httpx.AsyncClient
    billing: RunningService
    clock: Clock
    stripe: stripe.StripeClient
    owner: asyncpg.Connection

    async def log_in(self, somebody: Somebody) -> dict[str, str]:
        answer = await self.door.post(
            "/api/v1/auth/login", json={"email": somebody.email, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept-Language": "de-AT"}

    async def ask(self, method: str, path: str, bearer: dict[str, str], **body: object) -> Any:
        answer = await self.door.request(method, f"/api/v1/{path}", headers=bearer, json=body or None)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def licensed(self, tenant_id: str, status: str) -> LicenceChanged:
        return await self.billing.wire.heard(
            LicenceChanged, lambda each: each.tenant_id == tenant_id and each.status == status, within=30
        )

    async def time_goes_on(self, tenant_id: str, days: int) -> None:
        """Billing's clock is turned, and the licence's durable timer is due."""
        self.clock.pass_by(days=days)
        due = (
            "update billing.outbox set publish_at = now() where tenant_id = $1 and timer_key = $2 returning 1"
        )
        assert await self.owner.fetchval(due, tenant_id, f"licence:{tenant_id}")

    async def until(self, bearer: dict[str, str], status: int) -> httpx.Response:
        """Ask for something that is no matter of billing, until it is answered so."""
        async with asyncio.timeout(20):
            while (answer := await self.door.get("/api/v1/users", headers=bearer)).status_code != status:
                await asyncio.sleep(0.05)
        return answer


@pytest.fixture(scope="module")
async def house(
    environment: dict[str, str], sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    await sandbox.reset("stripe")
    folder: Path = tmp_path_factory.mktemp("paying")
    url, clock = sandbox.address("stripe"), Clock()
    async with AsyncExitStack() as stack:
        tenancy = await stack.enter_async_context(running(create_tenancy, {**environment, **CHEAP_HASHES}))
        at_tenancy = {"TENANCY_URL": str(tenancy.http.base_url)}
        own = {
            "BILLING_STRIPE_URL": url,
            "BILLING_STRIPE_KEY": "sk_test_sandbox",
            "BILLING_STRIPE_HOOK": HOOK,
        }
        billing = await stack.enter_async_context(
            running(partial(create_billing, clock=clock), {**environment, **at_tenancy, **own})
        )
        others = await stack.enter_async_context(served([describing(described())]))
        own = {
            "GATEWAY_SNAPSHOT_PATH": str(folder / "hooks.sealed"),
            "GATEWAY_UPSTREAMS": upstreams(
                tenancy=at_tenancy["TENANCY_URL"], billing=str(billing.http.base_url), others=others
            ),
        }
        gateway = await stack.enter_async_context(
            running(create_gateway, {**environment, **at_tenancy, **own})
        )
        door = httpx.AsyncClient(base_url=str(gateway.http.base_url), trust_env=False, timeout=30)
        client = stripe.StripeClient(
            "sk_test_sandbox", base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
            max_network_retries=0, http_client=stripe.HTTPXClient(),
        )  # fmt: skip
        owner = await asyncpg.connect(environment["DATABASE_URL"])
        house = House(People(tenancy), await stack.enter_async_context(door), billing, clock, client, owner)
        await hooked(house)
        async with asyncio.timeout(30):  # until the gateway has read what billing answers: 401, no longer 503
            while (await door.get("/api/v1/billing/plans")).status_code != 401:
                await asyncio.sleep(0.1)
        yield house
        await sandbox.reset("stripe")
        await owner.close()


async def hooked(house: House) -> None:
    """The operator's hook: Stripe posts the fleet's events to it, signed with the secret that the endpoint has."""
    seeded = await house.billing.http.post("/api/v1/billing/fleet/seed", timeout=60)
    assert seeded.status_code == 200, seeded.text
    address = f"{house.door.base_url}/webhooks/stripe/{HOOK}"
    endpoint = await house.stripe.v1.webhook_endpoints.create_async({"url": address, "enabled_events": ["*"]})
    operator = f"betreiber-{uuid4().hex[:8]}"
    document = {
        "name": "Betreiber", "mailbox": f"office@{operator}.test", "display_name": "Betreiber",
        "agent_email": f"agent@{operator}.test", "texts": {"de": WORDS, "en": WORDS},
        "hooks": [{"hook_id": HOOK, "source": "stripe", "verifier": "stripe", "secrets": [endpoint.secret]}],
    }  # fmt: skip
    answer = await house.people.http.put(f"/api/v1/tenants/{operator}", json=document)
    assert answer.status_code == 201, answer.text


async def test_a_company_that_did_not_pay_sees_its_invoice_pays_in_the_portal_and_works_on(
    house: House, sandbox: Sandbox
) -> None:
    company = await house.people.company()
    somebody = await house.people.join(company)
    bearer = await house.log_in(somebody)
    await house.licensed(company, "trialing")
    page = await house.ask("POST", "billing/checkout", bearer, plan="team")
    session = await sandbox.stripe.pay(page["url"].rpartition("/")[2])
    await house.licensed(company, "active")
    portal = await house.ask("POST", "billing/portal", bearer)
    at_the_portal = portal["url"].rpartition("/")[2]
    await sandbox.stripe.act_in_portal(at_the_portal, "new_card", payment_method="pm_card_chargeCustomerFail")
    await sandbox.stripe.advance(int(timedelta(days=32).total_seconds()))
    await house.licensed(company, "grace")
    await house.time_goes_on(company, 40)
    await house.licensed(company, "suspended")
    stopped = await house.until(bearer, 402)

    again = await house.log_in(somebody)
    me = await house.ask("GET", "auth/me", again)
    [owed, *_] = await house.ask("GET", "billing/invoices", again)
    portal = await house.ask("POST", "billing/portal", again)
    at_the_portal = portal["url"].rpartition("/")[2]
    await sandbox.stripe.act_in_portal(at_the_portal, "new_card", payment_method="pm_card_visa")
    await sandbox.stripe.act_in_portal(at_the_portal, "pay")
    back = await house.until(again, 200)

    assert stopped.json()["title"] == "Lizenz ruht: bitte bezahlen"
    assert me["tenant_id"] == company
    assert (owed["status"], owed["total"]) == ("open", "99.00")
    assert len(back.json()) == 1
    assert {each["status"] for each in await house.ask("GET", "billing/invoices", again)} == {"paid"}
    assert (await house.ask("GET", "billing/subscription", again))["licence"] == "active"
    assert session["customer"]


async def test_a_company_whose_trial_is_over_buys_a_plan_and_works_on(house: House, sandbox: Sandbox) -> None:
    company = await house.people.company("en")
    bearer = await house.log_in(await house.people.join(company)) | {"Accept-Language": "en"}
    await house.licensed(company, "trialing")
    await house.time_goes_on(company, 15)
    await house.licensed(company, "grace")
    await house.time_goes_on(company, 10)
    await house.licensed(company, "suspended")
    stopped = await house.until(bearer, 402)
    page = await house.ask("POST", "billing/checkout", bearer, plan="starter")
    await sandbox.stripe.pay(page["url"].rpartition("/")[2])
    await house.until(bearer, 200)

    assert stopped.json()["title"] == "Licence suspended: pay here"
    assert (await house.ask("GET", "billing/subscription", bearer))["licence"] == "active"


async def test_whom_those_who_run_the_fleet_stopped_cannot_come_in_to_pay(house: House) -> None:
    company = await house.people.company()
    bearer = await house.log_in(await house.people.join(company))
    await house.people.http.post(f"/api/v1/tenants/{company}/suspend", json={"because": "Missbrauch"})
    await house.until(bearer, 403)

    assert (await house.door.get("/api/v1/billing/invoices", headers=bearer)).status_code == 403
