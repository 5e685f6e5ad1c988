"""The ledger on the real broker and the real database, with no account at Stripe: use is recorded all the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.adapters.books import StoredBooks
from billing.domain.subscription import Subscription
from contracts.billing.v1 import BudgetReached
from contracts.documents.v1 import DocumentFiled
from contracts.envelope import new_id
from contracts.leads.v1 import LeadCreated
from contracts.messages.v1 import MessageSent
from contracts.values import ContactPoint, Cost

Make = Callable[..., Any]


async def test_an_event_that_comes_twice_is_recorded_once(bare: Any, tenant_id: str, analysed: Make) -> None:
    event = analysed(pages=3, tokens=(2000, 400))
    first = await bare.said(event, tenant_id)
    await bare.wire.say(event, tenant_id=tenant_id, message_id=first.id)
    await bare.said(analysed(pages=1, tokens=None, cost=None), tenant_id)

    used = {
        line["unit"]: line["quantity"]
        for line in await bare.ask("GET", "/api/v1/billing/usage", tenant_id)
        if line["quantity"]
    }

    assert used == {"document": 2, "page": 4, "token": 2400}


async def test_the_same_fact_under_another_delivery_is_still_one_record(
    bare: Any, tenant_id: str, enquiry: Make
) -> None:
    """Beyond the inbox: a record's id is made of the event's, so a row that is there is not added again."""
    event_id = new_id()
    await bare.said(enquiry(), tenant_id, event_id)
    async with bare.running.service.units.begin("fleet") as transaction:
        await transaction.session.execute(
            text("delete from billing.inbox where message_id = :id"), {"id": event_id}
        )
    await bare.wire.say(enquiry(), tenant_id=tenant_id, message_id=event_id)
    await bare.said(enquiry(), tenant_id)

    lines = await bare.ask("GET", "/api/v1/billing/usage", tenant_id)

    assert sum(line["quantity"] for line in lines if line["unit"] == "message") == 2


async def test_cost_is_booked_in_the_currency_it_was_billed_in(
    bare: Any, tenant_id: str, drafted: Make
) -> None:
    await bare.said(drafted(cost=Cost(amount="0.00412", currency="USD")), tenant_id)
    await bare.said(drafted(cost=Cost(amount="0.01", currency="CHF")), tenant_id)

    sums = await balances(bare, tenant_id)

    assert sums["cost:token", "USD"] == Decimal("0.00412")
    assert sums["suppliers", "USD"] == Decimal("-0.00412")
    assert sums["cost:token", "CHF"] == Decimal("0.01")
    assert all(sum(total for (_, of), total in sums.items() if of == code) == 0 for code in ("USD", "CHF"))


@pytest.mark.parametrize(
    ("cost", "why"),
    [
        (("-0.01", "EUR"), "never"),
        (("0.01", "XXX"), "no currency"),
        (("viel", "EUR"), "no decimal number"),
        (("NaN", "EUR"), "no decimal"),
    ],
)
async def test_a_cost_that_cannot_be_is_a_dead_letter_with_its_reason(
    bare: Any, tenant_id: str, drafted: Make, cost: tuple[str, str], why: str
) -> None:
    envelope = await bare.wire.say(drafted(cost=Cost(amount=cost[0], currency=cost[1])), tenant_id=tenant_id)

    reason = await bare.dead(envelope.id)

    assert why in reason or "no supplier" in reason


async def test_use_of_years_ago_is_refused_and_of_last_month_is_counted_then(
    bare: Any, tenant_id: str, enquiry: Make
) -> None:
    now = datetime.now(UTC)
    old = await bare.wire.say(enquiry(at=now - timedelta(days=900)), tenant_id=tenant_id)
    month_ago = now - timedelta(days=31)
    await bare.said(enquiry(at=month_ago), tenant_id)

    lines = await bare.ask("GET", "/api/v1/billing/usage", tenant_id)

    assert "older than" in await bare.dead(old.id)
    assert [line["month"] for line in lines if line["quantity"]] == [f"{month_ago:%Y-%m}"]


async def test_the_database_refuses_an_entry_that_does_not_sum_to_zero(bare: Any, tenant_id: str) -> None:
    entry = "with e as (insert into billing.entries (tenant_id, entry_id, at) values (:t, 'x', now()))"
    postings = "insert into billing.postings values (:t, 'x', 0, 'cash', 'EUR', 1.00), (:t, 'x', 1, 'credit', 'EUR', -0.99)"

    with pytest.raises(DBAPIError, match="do not sum to zero"):
        await write(bare, tenant_id, f"{entry} {postings}")


@pytest.mark.parametrize(
    "statement",
    [
        "update billing.postings set amount = 0",
        "delete from billing.entries",
        "update billing.usage_records set quantity = 0",
    ],
)
async def test_the_database_refuses_to_change_the_ledger(bare: Any, tenant_id: str, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only ever added to"):
        await write(bare, tenant_id, statement)


async def test_a_record_is_corrected_by_a_reversal_once(bare: Any, tenant_id: str, drafted: Make) -> None:
    await bare.said(drafted(tokens=1000), tenant_id)
    async with bare.running.service.units.reading(tenant_id) as session:
        usage_id = (await session.execute(text("select usage_id from billing.usage_records"))).scalar_one()
    path = f"/api/v1/billing/fleet/companies/{tenant_id}/usage/{usage_id}/reverse"

    await bare.ask("POST", path, reason="Doppelt gemeldet")
    again = await bare.request("POST", path, reason="Doppelt gemeldet")

    assert again.status_code == 409
    assert "reversed before" in again.json()["detail"]
    assert set((await balances(bare, tenant_id)).values()) == {Decimal(0)}
    assert [line["quantity"] for line in await bare.ask("GET", "/api/v1/billing/usage", tenant_id)] == [0, 0]


async def test_cost_and_value_are_told_per_lead(
    bare: Any, tenant_id: str, drafted: Make, enquiry: Make, analysed: Make
) -> None:
    mail, scan = enquiry(), analysed(pages=2, tokens=(100, 0))
    await bare.said(mail, tenant_id)
    await bare.said(scan, tenant_id)
    await bare.said(drafted("lead-7"), tenant_id)
    sent = MessageSent(
        lead_id="lead-7",
        turn=1,
        purpose="reply",
        channel="email",
        external_id="<2@x>",
        sent_at=datetime.now(UTC),
    )
    await bare.said(sent, tenant_id)
    created = LeadCreated(
        lead_id="lead-7", contact_points=(ContactPoint(kind="email", value="a@x.test"),), channel="email",
        message_id=mail.message_id,
    )  # fmt: skip
    filed = DocumentFiled(
        document_id=scan.document_id, lead_id="lead-7", store="local", path="/a", external_id="1"
    )
    for fact in (created, filed):
        await bare.wire.say(fact, tenant_id=tenant_id)
    await bare.until_there("select count(*) = 2 from billing.lead_subjects where tenant_id = $1", tenant_id)
    await bare.said(enquiry(), tenant_id)

    lines = await bare.ask("GET", "/api/v1/billing/leads?lead_id=lead-7", tenant_id)

    used = {line["unit"]: line["quantity"] for line in lines if line["quantity"]}
    assert used == {"message": 2, "document": 1, "page": 2, "token": 1100}
    assert sum(Decimal(line["cost"]) for line in lines if line["currency"] == "USD") == Decimal("0.00643")


async def test_a_budget_is_told_at_each_level_once(bare: Any, tenant_id: str, drafted: Make) -> None:
    wanted = {"budgets": [{"measure": "token", "limit": "1000"}, {"measure": "money", "limit": "50.00"}]}
    await bare.ask("PUT", "/api/v1/billing/budgets", tenant_id, **wanted)
    for tokens in (700, 150, 10, 200, 10):
        await bare.said(drafted(tokens=tokens), tenant_id)

    states = {each["measure"]: each for each in await bare.ask("GET", f"/internal/budget/{tenant_id}")}
    told = [event for event in bare.wire.all(BudgetReached) if event.tenant_id == tenant_id]

    assert [(event.budget, event.level, event.spent) for event in told] == [
        ("token", 80, "850"),
        ("token", 100, "1060"),
    ]
    assert (states["token"]["state"], states["token"]["spent"]) == ("reached", "1070")
    assert (states["money"]["state"], states["money"]["currency"]) == ("open", "EUR")


async def test_who_jumps_past_several_levels_at_once_is_told_the_highest_alone(
    bare: Any, tenant_id: str, drafted: Make
) -> None:
    await bare.ask(
        "PUT", "/api/v1/billing/budgets", tenant_id, budgets=[{"measure": "token", "limit": "1000"}]
    )
    for tokens in (1500, 10):
        await bare.said(drafted(tokens=tokens), tenant_id)
    told = [event for event in bare.wire.all(BudgetReached) if event.tenant_id == tenant_id]

    assert [(event.level, event.spent) for event in told] == [(100, "1500")]


async def test_records_that_come_at_once_share_what_is_included_and_one_that_comes_again_takes_nothing_of_it(
    bare: Any, tenant_id: str, analysed: Make
) -> None:
    now = datetime.now(UTC)
    bought = Subscription(
        "sub_1",
        "cus_1",
        "active",
        "company",
        "2026-01",
        "EUR",
        now - timedelta(days=3),
        now + timedelta(days=27),
        now,
    )
    await bare.ask("GET", "/api/v1/billing/subscription", tenant_id)
    async with StoredBooks(bare.running.service.units).of(tenant_id) as room:
        await room.companies.keep_subscription(tenant_id, bought)
    events = [analysed(pages=200, tokens=None, cost=None) for _ in range(5)]
    told = [await bare.wire.say(event, tenant_id=tenant_id) for event in events]
    for each in told:
        await bare.until_recorded(tenant_id, each.id)
    async with bare.running.service.units.begin("fleet") as transaction:
        await transaction.session.execute(
            text("delete from billing.inbox where message_id = :id"), {"id": told[0].id}
        )
    await bare.wire.say(events[0], tenant_id=tenant_id, message_id=told[0].id)
    await bare.said(analysed(pages=1, tokens=None, cost=None), tenant_id)

    [pages] = [
        line for line in await bare.ask("GET", "/api/v1/billing/usage", tenant_id)
        if line["unit"] == "page" and line["quantity"]
    ]  # fmt: skip
    values = await bare.owner.fetch(
        "select value from billing.usage_records where tenant_id = $1 and unit = 'page' order by value, quantity",
        tenant_id,
    )

    assert (pages["quantity"], Decimal(pages["value"])) == (1001, Decimal("7.515"))
    assert [row[0] for row in values] == [Decimal(each) for each in ("0", "0", "0.015", "1.5", "3", "3")]


async def test_without_stripe_a_checkout_says_what_to_set_and_health_too(bare: Any, tenant_id: str) -> None:
    refused = await bare.request("POST", "/api/v1/billing/checkout", tenant_id, plan="team")
    health = (await bare.running.http.get("/health")).json()

    assert refused.status_code == 503
    assert "BILLING_STRIPE_KEY" in refused.json()["detail"]
    assert any("BILLING_STRIPE_KEY" in note for note in health["notes"])


async def test_one_company_sees_nothing_of_another(bare: Any, tenant_id: str, drafted: Make) -> None:
    other = bare.new_tenant()
    await bare.said(drafted(), tenant_id)

    assert await bare.ask("GET", "/api/v1/billing/usage", other) == []
    assert await bare.ask("GET", "/api/v1/billing/leads", other) == []


async def test_a_snapshot_that_was_fetched_earlier_does_not_replace_a_later_one(
    bare: Any, tenant_id: str
) -> None:
    now = datetime.now(UTC)
    later = Subscription(
        "sub_1", "cus_1", "active", "team", "2026-01", "EUR", now, now + timedelta(days=30), now
    )
    earlier = replace(later, status="past_due", fetched_at=now - timedelta(seconds=1))
    another = replace(
        later, subscription_id="sub_0", status="canceled", fetched_at=now + timedelta(seconds=1)
    )
    await bare.ask("GET", "/api/v1/billing/subscription", tenant_id)

    async with StoredBooks(bare.running.service.units).of(tenant_id) as room:
        kept = [await room.companies.keep_subscription(tenant_id, each) for each in (later, earlier, another)]

    assert kept == [True, False, False]
    assert (await bare.ask("GET", "/api/v1/billing/subscription", tenant_id))["status"] == "active"


async def write(house: Any, tenant_id: str, statement: str) -> None:
    async with house.running.service.units.begin(tenant_id) as transaction:
        await transaction.session.execute(text(statement), {"t": tenant_id} if ":t" in statement else {})


async def balances(house: Any, tenant_id: str) -> dict[tuple[str, str], Decimal]:
    found = await house.ask("GET", f"/api/v1/billing/fleet/companies/{tenant_id}/balances")
    return {(each["account"], each["currency"]): Decimal(each["amount"]) for each in found}
