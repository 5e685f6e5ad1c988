"""From the checkout to the licence, against Stripe as the sandbox plays it, driven by Stripe's own SDK."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from contracts.billing.v1 import InvoicePaid, PaymentFailed, SubscriptionChanged
from contracts.messages.v1 import SendEmail
from contracts.tenants.v1 import LicenceChanged, TenantCreated
from testkit.sandbox import Sandbox

Make = Callable[..., Any]


async def bought(
    house: Any, sandbox: Sandbox, tenant_id: str, plan: str = "team", card: str = "pm_card_visa"
) -> str:
    """A company that bought a plan; gives the customer's id."""
    page = await house.ask("POST", "/api/v1/billing/checkout", tenant_id, plan=plan)
    session = await sandbox.stripe.pay(page["url"].rpartition("/")[2], payment_method=card)
    await house.catch_up()
    return session["customer"]


async def test_a_payment_that_fails_leads_to_letters_grace_suspension_and_back(
    house: Any, sandbox: Sandbox, tenant_id: str
) -> None:
    customer = await bought(house, sandbox, tenant_id)
    await house.stripe.v1.payment_methods.attach_async("pm_card_chargeCustomerFail", {"customer": customer})
    cards = await house.stripe.v1.payment_methods.list_async({"customer": customer, "type": "card"})
    [subscription] = (await house.stripe.v1.subscriptions.list_async({"customer": customer})).data
    await house.stripe.v1.subscriptions.update_async(
        subscription.id, {"default_payment_method": cards.data[0].id}
    )
    await turn(house, sandbox, timedelta(days=32))

    [failed] = [
        each
        for each in house.wire.all(PaymentFailed)
        if each.amount == "99.00" and await is_of(house, tenant_id, each)
    ]
    letter = await house.wire.heard(SendEmail, lambda each: each.lead_id == f"billing-{failed.invoice_id}")
    assert letter.despite_suspension
    assert "Zahlung fehlgeschlagen" in letter.subject
    assert "99,00 EUR" in letter.text
    assert (await house.ask("GET", "/api/v1/billing/subscription", tenant_id))["licence"] == "grace"

    house.clock.shift += timedelta(days=8)
    await review(house, tenant_id, "suspended")
    assert (await house.ask("GET", "/api/v1/billing/subscription", tenant_id))["licence"] == "suspended"

    good = await house.stripe.v1.payment_methods.attach_async("pm_card_visa", {"customer": customer})
    await house.stripe.v1.invoices.pay_async(failed.invoice_id, {"payment_method": good.id})
    await house.catch_up()
    changes = [each.status for each in house.wire.all(LicenceChanged) if each.tenant_id == tenant_id]
    assert changes[-3:] == ["grace", "suspended", "active"]


async def test_a_checkout_becomes_a_subscription_a_paid_invoice_and_a_licence(
    house: Any, sandbox: Sandbox, tenant_id: str
) -> None:
    await house.wire.say(TenantCreated(tenant_id=tenant_id, name="Müller"), tenant_id=tenant_id)
    trial = await house.wire.heard(LicenceChanged, lambda each: each.tenant_id == tenant_id)
    await bought(house, sandbox, tenant_id)

    now = await house.ask("GET", "/api/v1/billing/subscription", tenant_id)
    [invoice] = await house.ask("GET", "/api/v1/billing/invoices", tenant_id)
    changes = [each for each in house.wire.all(LicenceChanged) if each.tenant_id == tenant_id]

    assert (trial.status, trial.version, trial.plan) == ("trialing", 1, "starter")
    assert (now["plan"], now["status"], now["licence"]) == ("team", "active", "active")
    assert (invoice["status"], invoice["total"], invoice["currency"]) == ("paid", "99.00", "EUR")
    assert invoice["pdf_url"]
    assert [(each.status, each.plan) for each in changes] == [("trialing", "starter"), ("active", "team")]
    assert changes[-1].limits == {"users": 15}
    assert [
        each.amount for each in house.wire.all(InvoicePaid) if each.invoice_id == invoice["invoice_id"]
    ] == ["99.00"]
    assert await sums(house, tenant_id) == {
        "cash": "99.00",
        "receivable": "0.00",
        "revenue:subscription": "-99.00",
    }


async def test_events_in_any_order_and_twice_lead_to_the_same_books(
    house: Any, sandbox: Sandbox, tenant_id: str
) -> None:
    page = await house.ask("POST", "/api/v1/billing/checkout", tenant_id, plan="team")
    session = await sandbox.stripe.pay(page["url"].rpartition("/")[2])
    events = [
        each.to_dict()
        async for each in (await house.stripe.v1.events.list_async({"limit": 100})).auto_paging_iter()
        if session["customer"] in str(each)
    ]
    for event in [*events, *reversed(events), *events]:  # newest first, oldest first, newest first again
        await house.hear(event)
    await house.catch_up()

    said = [
        each
        for each in house.wire.all(SubscriptionChanged)
        if each.subscription_id == session["subscription"]
    ]

    assert [each.status for each in said] == ["active"]
    assert len(await house.ask("GET", "/api/v1/billing/invoices", tenant_id)) == 1
    assert await sums(house, tenant_id) == {
        "cash": "99.00",
        "receivable": "0.00",
        "revenue:subscription": "-99.00",
    }


async def test_an_event_of_another_version_of_stripes_interface_is_only_a_hint(
    house: Any, sandbox: Sandbox, tenant_id: str
) -> None:
    customer = await bought(house, sandbox, tenant_id)
    [subscription] = (await house.stripe.v1.subscriptions.list_async({"customer": customer})).data
    old = {
        "id": f"evt_old_{tenant_id}", "object": "event", "api_version": "2019-05-16", "type": "customer.subscription.updated",
        "data": {"object": {"id": subscription.id, "object": "subscription", "customer": {"id": customer, "object": "customer"},
                            "plan": {"id": "plan_of_old"}, "status": "canceled", "current_period_end": 1}},
    }  # fmt: skip
    await house.hear(old)
    await until_known(house, old["id"])

    assert (await house.ask("GET", "/api/v1/billing/subscription", tenant_id))["status"] == "active"


async def test_an_event_of_an_unknown_customer_is_kept_and_told(house: Any, tenant_id: str) -> None:
    stranger = await house.stripe.v1.customers.create_async({"name": "Fremd"})
    event = {
        "id": f"evt_stranger_{tenant_id}", "type": "customer.updated", "api_version": "2026-10-28.endive",
        "data": {"object": {"id": stranger.id, "object": "customer"}},
    }  # fmt: skip
    await house.hear(event)
    await until_known(house, event["id"])

    strays = (await house.ask("GET", "/api/v1/billing/fleet/drift"))["strays"]

    assert any(each["event_id"] == event["id"] and stranger.id in each["note"] for each in strays)


async def test_events_of_another_hook_are_not_believed(house: Any, tenant_id: str) -> None:
    event = {
        "id": f"evt_other_{tenant_id}",
        "type": "customer.updated",
        "data": {"object": {"id": "cus_1", "object": "customer"}},
    }
    await house.hear(event, hook="somebody-elses")
    await house.hear({**event, "id": f"evt_ours_{tenant_id}"})
    await until_known(house, f"evt_ours_{tenant_id}")

    assert not await house.knows(event["id"])


async def test_what_is_no_event_is_a_dead_letter(house: Any) -> None:
    envelope = await house.hear({"id": "evt_half"})

    assert "no event of Stripe's" in await house.dead(envelope.id)


async def test_a_plan_is_changed_prorated_and_cancelled(house: Any, sandbox: Sandbox, tenant_id: str) -> None:
    await bought(house, sandbox, tenant_id, "starter")
    changed = await house.ask("POST", "/api/v1/billing/plan", tenant_id, plan="company")
    again = await house.request("POST", "/api/v1/billing/plan", tenant_id, plan="company")
    unknown = await house.request("POST", "/api/v1/billing/plan", tenant_id, plan="gratis")
    ending = await house.ask("POST", "/api/v1/billing/cancel", tenant_id, at_period_end=True)
    ended = await house.ask("POST", "/api/v1/billing/cancel", tenant_id, at_period_end=False)
    await house.catch_up()

    assert (changed["plan"], changed["status"]) == ("company", "active")
    assert (again.status_code, unknown.status_code) == (409, 422)
    assert ending["cancel_at"] == ending["period_end"]
    assert (ended["status"], ended["licence"]) == ("canceled", "ended")
    invoices = await house.ask("GET", "/api/v1/billing/invoices", tenant_id)
    assert await receivables(house, tenant_id) == sum(Decimal(each["total"]) for each in invoices)


async def test_a_trial_that_nobody_bought_after_ends_in_grace_and_suspension(
    house: Any, tenant_id: str
) -> None:
    await house.wire.say(TenantCreated(tenant_id=tenant_id, name="Müller"), tenant_id=tenant_id)
    await house.wire.heard(LicenceChanged, lambda each: each.tenant_id == tenant_id)
    for days, then in ((15, "grace"), (10, "suspended")):
        house.clock.shift += timedelta(days=days)
        await review(house, tenant_id, then)

    changes = [each.status for each in house.wire.all(LicenceChanged) if each.tenant_id == tenant_id]
    subjects = [each.subject for each in house.wire.all(SendEmail) if each.lead_id == f"billing-{tenant_id}"]

    assert changes == ["trialing", "grace", "suspended"]
    assert subjects == ["Ihre Testzeit ist zu Ende", "Ihr Zugang ruht"]


async def test_nothing_of_a_card_is_stored(house: Any, sandbox: Sandbox, tenant_id: str) -> None:
    customer = await bought(house, sandbox, tenant_id)
    cards = await house.stripe.v1.payment_methods.list_async({"customer": customer, "type": "card"})
    card = cards.data[0]
    await house.hear({"id": f"evt_card_{tenant_id}", "type": "customer.updated", "data": {"object": {
        "id": customer, "object": "customer", "default_source": card.to_dict()}}})  # fmt: skip
    await until_known(house, f"evt_card_{tenant_id}")
    secrets = ("4242", card.id, card.card.fingerprint, '"card"', "exp_month", "brand")

    stored: list[str] = []
    for owner in (tenant_id, "fleet"):
        async with house.running.service.units.reading(owner) as session:
            tables = await session.execute(
                text("select table_name from information_schema.tables where table_schema = 'billing'"
                     " and table_name not in ('alembic_version', 'inbox', 'outbox')")
            )  # fmt: skip
            for table in tables.scalars().all():
                stored += (
                    (await session.execute(text(f"select t::text from billing.{table} t"))).scalars().all()
                )

    assert len(stored) > 5
    assert [secret for secret in secrets if secret and any(secret in row for row in stored)] == []


async def test_a_company_that_buys_in_another_currency_is_billed_in_it_alone(
    house: Any, sandbox: Sandbox, tenant_id: str, enquiry: Make
) -> None:
    refused = await house.request("POST", "/api/v1/billing/checkout", tenant_id, plan="team", currency="PLN")
    page = await house.ask("POST", "/api/v1/billing/checkout", tenant_id, plan="team", currency="chf")
    await sandbox.stripe.pay(page["url"].rpartition("/")[2])
    await house.catch_up()
    await house.said(enquiry(), tenant_id)
    [invoice] = await house.ask("GET", "/api/v1/billing/invoices", tenant_id)
    [used] = [each for each in await house.ask("GET", "/api/v1/billing/usage", tenant_id) if each["quantity"]]

    assert (refused.status_code, "CHF, EUR, USD" in refused.json()["detail"]) == (409, True)
    assert (invoice["currency"], used["currency"]) == ("CHF", "CHF")
    assert set(await sums(house, tenant_id)) == {"cost:message", "suppliers"}, "what it costs us is in euros"


@pytest.mark.parametrize("plan", ["team", "company"])
async def test_a_plan_is_not_sold_twice(house: Any, sandbox: Sandbox, tenant_id: str, plan: str) -> None:
    await bought(house, sandbox, tenant_id)

    refused = await house.request("POST", "/api/v1/billing/checkout", tenant_id, plan=plan)

    assert refused.status_code == 409
    assert "change its plan" in refused.json()["detail"]


async def turn(house: Any, sandbox: Sandbox, by: timedelta) -> None:
    """Let time go on at Stripe and here, and hear what became of it."""
    await sandbox.stripe.advance(int(by.total_seconds()))
    house.clock.shift += by
    await house.catch_up()


async def review(house: Any, tenant_id: str, then: str) -> None:
    """The durable timer is due; what the licence is then."""
    rows = "update billing.outbox set publish_at = now() where tenant_id = $1 and timer_key = $2 returning 1"
    assert await house.owner.fetchval(rows, tenant_id, f"licence:{tenant_id}")
    await house.wire.heard(LicenceChanged, lambda each: each.tenant_id == tenant_id and each.status == then)


async def until_known(house: Any, event_id: str) -> None:
    await house.until_there("select 1 from billing.stripe_events where event_id = $1", event_id)


async def is_of(house: Any, tenant_id: str, failed: PaymentFailed) -> bool:
    return failed.invoice_id in {
        each["invoice_id"] for each in await house.ask("GET", "/api/v1/billing/invoices", tenant_id)
    }


async def sums(house: Any, tenant_id: str) -> dict[str, str]:
    found = await house.ask("GET", f"/api/v1/billing/fleet/companies/{tenant_id}/balances")
    return {each["account"]: each["amount"] for each in found if each["currency"] == "EUR"}


async def receivables(house: Any, tenant_id: str) -> Decimal:
    """What all invoices brought onto the account of what is owed."""
    async with house.running.service.units.reading(tenant_id) as session:
        rows = await session.execute(
            text(
                "select sum(amount) from billing.postings where account = 'receivable' and entry_id like 'invoice:%issued'"
            )
        )
        return Decimal(rows.scalar_one())
