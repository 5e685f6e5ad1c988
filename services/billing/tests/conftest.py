"""Billing on the real broker and the real database, against Stripe as the sandbox plays it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
import stripe
from sqlmodel import select

from billing.adapters.store import USAGE
from billing.app import create_service
from contracts.conversations.v1 import ReplyDrafted
from contracts.documents.v1 import DocumentAnalyzed
from contracts.envelope import Envelope, Message, new_id
from contracts.messages.v1 import MessageReceived
from contracts.values import BlobRef, ContactPoint, Cost, Tokens
from contracts.webhooks.v1 import WebhookReceived
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub

Json = dict[str, Any]
MODEL = "gpt-6-luna"


@dataclass
class Clock:
    """What time it is for billing; tests turn it."""

    shift: timedelta = timedelta(0)
    frozen: datetime | None = None

    def __call__(self) -> datetime:
        return self.frozen if self.frozen is not None else datetime.now(UTC) + self.shift


@dataclass
class House:
    """A running billing, its time, tenancy's stand-in, and Stripe."""

    running: RunningService
    clock: Clock
    tenancy: TenancyStub
    owner: asyncpg.Connection
    """Who migrates: sees all tenants' rows."""
    stripe: stripe.StripeClient | None = None
    events: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    newest: str = ""
    """The newest of Stripe's events that was heard."""

    @property
    def wire(self) -> Any:
        return self.running.wire

    async def ask(self, method: str, path: str, tenant_id: str | None = None, **body: object) -> Any:
        answer = await self.request(method, path, tenant_id, **body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def request(self, method: str, path: str, tenant_id: str | None = None, **body: object) -> Any:
        headers = {"X-Tenant-Id": tenant_id} if tenant_id else {}
        return await self.running.http.request(method, path, headers=headers, json=body or None, timeout=60.0)

    def new_tenant(self) -> str:
        tenant_id = f"t{new_id()[-12:]}"
        self.tenancy.add(profile(tenant_id, name=f"Müller {tenant_id}"))
        return tenant_id

    async def said(self, message: Message, tenant_id: str, message_id: str | None = None) -> Envelope:
        """Say a fact, and wait until it is in the ledger."""
        envelope = await self.wire.say(message, tenant_id=tenant_id, message_id=message_id)
        await self.until_recorded(tenant_id, envelope.id)
        return envelope

    async def until_recorded(self, tenant_id: str, event_id: str) -> None:
        """Wait until an event is in the ledger."""
        await until(lambda: self.recorded(tenant_id, event_id))

    async def recorded(self, tenant_id: str, event_id: str) -> bool:
        async with self.running.service.units.reading(tenant_id) as session:
            rows = await session.execute(select(USAGE.c.usage_id).where(USAGE.c.event_id == event_id))
            return rows.first() is not None

    async def until_there(self, statement: str, *values: object) -> None:
        """Wait until a statement finds something, in whichever tenant's rows."""

        async def there() -> bool:
            return bool(await self.owner.fetchval(statement, *values))

        await until(there)

    async def dead(self, message_id: str) -> str:
        """Why a message died."""
        found: list[str] = []

        async def died() -> bool:
            letters = await self.running.service.dead_letters.listed(limit=500)
            found.extend(each.error for each in letters if each.message_id == message_id)
            return bool(found)

        await until(died)
        return found[0]

    async def hear(self, event: Mapping[str, Any], *, hook: str = "stripe") -> Envelope:
        """Say one of Stripe's events as the gateway does."""
        body = json.dumps(event, default=str).encode()
        received = WebhookReceived(
            hook_id=hook, source="stripe", delivery_id=event["id"], received_at=datetime.now(UTC),
            content_type="application/json", body=base64.b64encode(body).decode(),
        )  # fmt: skip
        return await self.wire.say(received, tenant_id="operator")

    async def catch_up(self) -> int:
        """Hear what Stripe has told since the last time: of each object its newest event, the older ones are lost."""
        fresh = list({about(each): each for each in await self.news() if cared_for(each)}.values())
        for each in fresh:
            await self.hear(each)
        for each in fresh:
            await until(partial(self.knows, each["id"]))
        return len(fresh)

    async def news(self) -> list[Json]:
        """What Stripe has told since the last time, oldest first; as plain JSON, for the SDK takes long over a whole list."""
        events: list[Json] = []
        more = True
        while more:
            cursor = {"ending_before": self.newest} if self.newest else {}
            answer = await self.events.get("/v1/events", params={"limit": 100, **cursor})
            page = answer.raise_for_status().json()
            events += reversed(page["data"])
            self.newest = page["data"][0]["id"] if page["data"] else self.newest
            more = page["has_more"]
        return events

    async def knows(self, event_id: str) -> bool:
        """Whether an event of Stripe's was taken, for whichever company."""
        return bool(
            await self.owner.fetchval("select 1 from billing.stripe_events where event_id = $1", event_id)
        )


def about(event: Json) -> str:
    return event["data"]["object"]["id"]


def cared_for(event: Json) -> bool:
    return event["data"]["object"]["object"] in {
        "customer", "subscription", "invoice", "checkout.session", "credit_note"
    }  # fmt: skip


async def until(true: Callable[[], Awaitable[bool]], *, within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not await true():
            await asyncio.sleep(0.02)


def enquiry(message_id: str | None = None, at: datetime | None = None, **changes: object) -> MessageReceived:
    given = {
        "message_id": message_id or new_id(), "channel": "email", "external_id": "<1@x.test>", "kind": "enquiry",
        "sender": {"contact_points": (ContactPoint(kind="email", value="anna@x.test"),), "reply_to": "anna@x.test"},
        "recipient": "office@t.test", "text": "Ist die Wohnung noch frei?", "sent_at": at or datetime.now(UTC),
        "received_at": at or datetime.now(UTC), "authenticity": "pass",
    }  # fmt: skip
    return MessageReceived.model_validate(given | changes)


def analysed(
    pages: int = 3, tokens: tuple[int, int] | None = (2000, 400), **changes: object
) -> DocumentAnalyzed:
    given = {
        "document_id": new_id(), "message_id": new_id(), "filename": "Gehaltszettel.pdf",
        "blob": BlobRef(key="t/1", size=1, media_type="application/pdf"), "category": "income_proof", "summary": "Ein Lohn.",
        "language": "de", "confidence": 0.9, "pages": pages, "method": "ocr", "model": MODEL,
        "cost": Cost(amount="0.00231", currency="USD"),
        "tokens": Tokens(input=tokens[0], output=tokens[1]) if tokens else None,
    }  # fmt: skip
    return DocumentAnalyzed.model_validate(given | changes)


def drafted(lead_id: str = "lead-1", tokens: int = 1000, **changes: object) -> ReplyDrafted:
    given = {
        "lead_id": lead_id, "turn": 1, "text": "Ja.", "language": "de", "intent": "availability", "sentiment": "neutral",
        "confidence": 0.9, "model": MODEL, "tokens": Tokens(input=tokens, output=0),
        "cost": Cost(amount="0.00412", currency="USD"),
    }  # fmt: skip
    return ReplyDrafted.model_validate(given | changes)


@asynccontextmanager
async def furnished(environment: Mapping[str, str], **settings: str) -> AsyncIterator[House]:
    clock = Clock()
    async with tenancy_stub() as tenancy:
        given = {**environment, "TENANCY_URL": tenancy.url, "BILLING_REPORT_SECONDS": "3600", **settings}
        async with running(partial(create_service, clock=clock), given) as service:
            owner = await asyncpg.connect(environment["DATABASE_URL"])
            yield House(service, clock, tenancy, owner)
            await owner.close()


Furnished = Callable[..., AbstractAsyncContextManager[House]]


@pytest_asyncio.fixture(scope="module")
async def house(environment: Mapping[str, str], sandbox: Sandbox) -> AsyncIterator[House]:
    """Billing with the sandbox's Stripe, its catalogue seeded."""
    await sandbox.reset("stripe")
    url = sandbox.address("stripe")
    async with furnished(environment, BILLING_STRIPE_URL=url, BILLING_STRIPE_KEY="sk_test_sandbox") as house:
        house.stripe = stripe.StripeClient(
            "sk_test_sandbox", base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
            max_network_retries=0, http_client=stripe.HTTPXClient(),
        )  # fmt: skip
        await house.ask("POST", "/api/v1/billing/fleet/seed")
        async with httpx.AsyncClient(base_url=url, auth=("sk_test_sandbox", ""), trust_env=False) as events:
            house.events = events
            house.newest = (await events.get("/v1/events", params={"limit": 1})).json()["data"][0]["id"]
            yield house


@pytest_asyncio.fixture(scope="module")
async def bare(environment: Mapping[str, str]) -> AsyncIterator[House]:
    """Billing without an account at Stripe."""
    async with furnished(environment) as house:
        yield house


@pytest.fixture
def tenant_id(request: pytest.FixtureRequest) -> str:
    """A company of the test's own, in whichever house it uses."""
    name = "bare" if "bare" in request.fixturenames else "house"
    return request.getfixturevalue(name).new_tenant()


@pytest.fixture(name="enquiry")
def _enquiry() -> Callable[..., MessageReceived]:
    """Makes an enquiry."""
    return enquiry


@pytest.fixture(name="analysed")
def _analysed() -> Callable[..., DocumentAnalyzed]:
    """Makes an analysis of a document."""
    return analysed


@pytest.fixture(name="drafted")
def _drafted() -> Callable[..., ReplyDrafted]:
    """Makes a draft."""
    return drafted
