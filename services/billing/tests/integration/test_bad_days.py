"""Bad days: Stripe away for a day, use that comes late or after the end, and drift of each kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.adapters.books import StoredBooks
from billing.domain.usage import usage_id
from testkit.sandbox import Sandbox

Make = Callable[..., Any]


@pytest.fixture
async def customer(house: Any, sandbox: Sandbox, tenant_id: str) -> AsyncIterator[str]:
    """A company with a subscription, bought on Stripe's page."""
    page = await house.ask("POST", "/api/v1/billing/checkout", tenant_id, plan="team")
    session = await sandbox.stripe.pay(page["url"].rpartition("/")[2])
    await house.catch_up()
    await asyncio.sleep(1.0)  # a period begins with its second
    yield session["customer"]
    await sandbox.clear_faults()


async def test_stripe_is_away_for_a_day_the_ledger_goes_on_and_the_meters_catch_up_once(
    house: Any, sandbox: Sandbox, tenant_id: str, customer: str, enquiry: Make
) -> None:
    await sandbox.fault("stripe", "503", times=10_000)
    for _ in range(12):
        await house.said(enquiry(), tenant_id)
    away = await house.request("POST", "/api/v1/billing/fleet/report")
    waiting = (await company(house, tenant_id))["meters"]
    await sandbox.clear_faults()
    # One was taken, and the answer got lost.
    await sandbox.fault("stripe", "commit_then_cut", path="/v1/billing/meter_events", times=1)
    await report_until_done(house, tenant_id)
    await report_until_done(house, tenant_id)

    assert away.status_code == 503
    assert waiting == {"waiting": 12}
    assert (await company(house, tenant_id))["meters"] == {"sent": 12}
    assert await counted(house, customer, "message") == 12


async def test_what_was_sent_and_not_noted_counts_once(
    house: Any, tenant_id: str, customer: str, enquiry: Make
) -> None:
    await house.said(enquiry(), tenant_id)
    await report_until_done(house, tenant_id)
    await house.owner.execute(
        "update billing.meter_events set state = 'waiting', sent_at = null where tenant_id = $1", tenant_id
    )
    await report_until_done(house, tenant_id)

    assert (await company(house, tenant_id))["meters"] == {"sent": 1}
    assert await counted(house, customer, "message") == 1


async def test_a_customer_whose_making_was_cut_off_is_made_once(
    house: Any, sandbox: Sandbox, tenant_id: str
) -> None:
    await sandbox.fault("stripe", "commit_then_cut", method="POST", path="/v1/customers", times=1)
    cut_off = await house.request("POST", "/api/v1/billing/checkout", tenant_id, plan="team")
    await sandbox.clear_faults()
    again = await house.request("POST", "/api/v1/billing/checkout", tenant_id, plan="team")
    found = await house.stripe.v1.customers.search_async({"query": f"metadata['tenant_id']:'{tenant_id}'"})

    assert (cut_off.status_code, again.status_code) == (503, 200)
    assert len(found.data) == 1


async def test_use_of_the_last_month_counts_from_the_period_that_is_open(
    house: Any, tenant_id: str, customer: str, enquiry: Make
) -> None:
    # Bought long ago, so that it is no use of before the subscription.
    late = enquiry(at=datetime.now(UTC) - timedelta(days=20))
    await house.said(late, tenant_id)
    row = await house.owner.fetchrow("select * from billing.usage_records where tenant_id = $1", tenant_id)
    await report_until_done(house, tenant_id)

    assert row["billable"]
    assert "counts from" in row["note"]
    assert row["occurred_at"] < row["accounted_at"]
    assert await counted(house, customer, "message") == 1


async def test_use_after_the_end_is_recorded_and_owed_by_nobody(
    house: Any, tenant_id: str, customer: str, drafted: Make
) -> None:
    await house.ask("POST", "/api/v1/billing/cancel", tenant_id, at_period_end=False)
    await house.said(drafted(), tenant_id)
    row = await house.owner.fetchrow("select * from billing.usage_records where tenant_id = $1", tenant_id)

    assert (row["billable"], row["value"]) == (False, 0)
    assert "the subscription ended" in row["note"]
    assert row["cost"] > 0
    assert (await company(house, tenant_id))["meters"] == {}


async def test_usage_that_a_meter_lost_is_sent_again_under_its_identifier(
    house: Any, tenant_id: str, customer: str, enquiry: Make
) -> None:
    envelope = await house.said(enquiry(), tenant_id)
    # Noted as sent, and never was: the meter has nothing of it.
    await house.owner.execute(
        "update billing.meter_events set state = 'sent', sent_at = now() - interval '3 days', reported_at = accounted_at "
        "where tenant_id = $1", tenant_id,
    )  # fmt: skip
    [found] = await reconciled(house, tenant_id)
    again = await reconciled(house, tenant_id)

    assert (found["kind"], found["mended"]) == ("usage_missing", True)
    assert "counted 0" in found["sentence"]
    assert again == []
    events = await house.stripe.v1.billing.meter_events.create_async(
        {"event_name": "frontdesk_message", "payload": {"stripe_customer_id": customer, "value": "0"}}
    )
    assert events.identifier != usage_id(envelope.id, "message")
    assert await counted(house, customer, "message") == 1


async def test_usage_that_nobody_here_sent_and_what_is_too_old_to_send_again_is_told_and_left(
    house: Any, tenant_id: str, customer: str, enquiry: Make
) -> None:
    await house.stripe.v1.billing.meter_events.create_async(
        {"event_name": "frontdesk_page", "payload": {"stripe_customer_id": customer, "value": "5"}}
    )
    await house.said(enquiry(), tenant_id)
    await report_until_done(house, tenant_id)
    await house.said(enquiry(), tenant_id)
    await house.owner.execute(
        "update billing.meter_events set state = 'sent', sent_at = now() - interval '3 days', reported_at = accounted_at "
        "where tenant_id = $1", tenant_id,
    )  # fmt: skip

    found = {each["kind"]: each for each in await reconciled(house, tenant_id)}

    assert {kind: each["mended"] for kind, each in found.items()} == {
        "usage_extra": False,
        "usage_uncertain": False,
    }
    assert "counted 5" in found["usage_extra"]["sentence"]
    assert await counted(house, customer, "message") == 1


async def test_a_subscription_and_invoices_that_were_missed_are_fetched_again(
    house: Any, tenant_id: str, customer: str
) -> None:
    [subscription] = (await house.stripe.v1.subscriptions.list_async({"customer": customer})).data
    await house.stripe.v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    await house.owner.execute("delete from billing.invoices where tenant_id = $1", tenant_id)
    found = await reconciled(house, tenant_id)

    assert sorted((each["kind"], each["mended"]) for each in found) == [
        ("invoice_missing", True),
        ("subscription_differs", True),
    ]
    assert "cancel_at" in next(each["sentence"] for each in found if each["kind"] == "subscription_differs")
    assert await reconciled(house, tenant_id) == []
    assert (await house.ask("GET", "/api/v1/billing/subscription", tenant_id))["cancel_at"] is not None


async def test_an_invoice_that_differs_is_mended_and_one_that_stripe_does_not_know_is_told(
    house: Any, tenant_id: str, customer: str
) -> None:
    await house.owner.execute(
        "update billing.invoices set document = jsonb_set(document, '{amount_paid}', '\"1.00\"') where tenant_id = $1",
        tenant_id,
    )
    await house.owner.execute(
        "insert into billing.invoices select tenant_id, 'in_gone', number, status, currency, total, amount_due, amount_paid, "
        "created_at, jsonb_set(document, '{invoice_id}', '\"in_gone\"'), fetched_at, dunned from billing.invoices where tenant_id = $1",
        tenant_id,
    )  # fmt: skip
    found = {each["kind"]: each["mended"] for each in await reconciled(house, tenant_id)}

    assert found == {"invoice_differs": True, "invoice_unknown": False}
    assert list({each["kind"] for each in await reconciled(house, tenant_id)}) == ["invoice_unknown"]


async def test_a_second_subscription_and_a_customer_that_is_gone_are_told(
    house: Any, tenant_id: str, customer: str
) -> None:
    [first] = (await house.stripe.v1.subscriptions.list_async({"customer": customer})).data
    await house.stripe.v1.subscriptions.create_async(
        {
            "customer": customer, "items": [{"price": first["items"].data[0].price.id}],
            "default_payment_method": str(first.default_payment_method),
        }
    )  # fmt: skip
    twice = {each["kind"]: each["sentence"] for each in await reconciled(house, tenant_id)}
    await house.stripe.v1.customers.delete_async(customer)
    [gone] = await reconciled(house, tenant_id)
    told = (await house.ask("GET", "/api/v1/billing/fleet/drift"))["drift"]

    assert "cancel one of them" in twice["subscription_unknown"]
    assert (gone["kind"], gone["mended"]) == ("customer_missing", False)
    assert gone in told


async def test_usage_that_stripe_refuses_for_good_is_told(
    house: Any, tenant_id: str, customer: str, enquiry: Make
) -> None:
    await house.said(enquiry(), tenant_id)
    async with StoredBooks(house.running.service.units).of(tenant_id) as room:
        [event] = await room.meters.waiting(tenant_id, 10)
        await room.meters.refused(
            tenant_id, event.usage_id, "The timestamp is more than 35 days in the past."
        )

    assert [each["kind"] for each in await reconciled(house, tenant_id)] == ["usage_refused"]


async def reconciled(house: Any, tenant_id: str) -> Any:
    return await house.ask("POST", f"/api/v1/billing/fleet/reconcile?tenant_id={tenant_id}")


async def report_until_done(house: Any, tenant_id: str) -> None:
    for _ in range(3):
        answer = await house.request("POST", f"/api/v1/billing/fleet/report?tenant_id={tenant_id}")
        if answer.is_success:
            return
    raise AssertionError(answer.text)


async def company(house: Any, tenant_id: str) -> Any:
    lines = await house.ask("GET", "/api/v1/billing/fleet/companies")
    return next(each for each in lines if each["tenant_id"] == tenant_id)


async def counted(house: Any, customer: str, unit: str) -> int:
    """What Stripe's meter has for a customer."""
    meters = await house.stripe.v1.billing.meters.list_async({"limit": 100})
    meter = next(each.id for each in meters.data if each.event_name == f"frontdesk_{unit}")
    minute = int(datetime.now(UTC).timestamp()) // 60 * 60
    times = {"customer": customer, "start_time": minute - 40 * 86400, "end_time": minute + 120}
    found = await house.stripe.v1.billing.meters.event_summaries.list_async(meter, times)
    return int(sum(each.aggregated_value for each in found.data))
