"""A subscription's life: trials, cards that do not pay, retries, pauses, the end."""

from datetime import UTC, datetime

import pytest
import stripe

from .conftest import DAY, HOUR, START

MONTH_END = int(datetime(2026, 2, 28, 9, 0, tzinfo=UTC).timestamp())


async def test_a_trial_costs_nothing_is_announced_and_then_paid(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    made = await shop.subscribe(customer, await shop.price(4_900), trial_period_days=14)
    assert (made.status, made["items"].data[0].current_period_end) == ("trialing", START + 14 * DAY)
    await shop.advance(clock, START + 11 * DAY + 1)
    assert len(await shop.events("customer.subscription.trial_will_end")) == 1
    await shop.advance(clock, START + 14 * DAY + HOUR)
    assert (await shop.v1.subscriptions.retrieve_async(made.id)).status == "active"
    assert [invoice.total for invoice in await shop.invoices(customer)] == [0, 4_900]


@pytest.mark.parametrize(
    ("wish", "becomes"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
async def test_a_trial_that_ends_without_a_card_does_what_was_wished(shop, wish: str, becomes: str) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock, card=None)
    made = await shop.subscribe(
        customer, await shop.price(4_900), trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": wish}},
    )  # fmt: skip
    await shop.advance(clock, START + 7 * DAY + 2 * HOUR)
    assert (await shop.v1.subscriptions.retrieve_async(made.id)).status == becomes
    if wish == "pause":
        await shop.give_card(customer, "pm_card_visa")
        assert (await shop.v1.subscriptions.resume_async(made.id)).status == "active"


@pytest.mark.parametrize(
    ("setting", "becomes"), [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")]
)
async def test_a_renewal_that_is_not_paid_is_tried_again_and_then_given_up(
    shop, sandbox, setting: str, becomes: str
) -> None:
    await sandbox.seed(stripe={"retry_days": [3, 5], "after_retries": setting})
    clock = await shop.clock()
    customer = await shop.customer(clock)
    made = await shop.subscribe(customer, await shop.price(4_900))
    await shop.give_card(customer, "pm_card_chargeCustomerFail")
    await shop.advance(clock, MONTH_END + 2 * HOUR)
    late = await shop.v1.subscriptions.retrieve_async(made.id, {"expand": ["latest_invoice"]})
    assert (late.status, late.latest_invoice.status, late.latest_invoice.attempt_count) == (
        "past_due",
        "open",
        1,
    )
    assert late.latest_invoice.next_payment_attempt == MONTH_END + HOUR + 3 * DAY
    await shop.advance(clock, MONTH_END + 9 * DAY)
    assert (await shop.v1.subscriptions.retrieve_async(made.id)).status == becomes
    assert len(await shop.events("invoice.payment_failed")) == 3


async def test_a_new_card_pays_what_is_open_and_the_subscription_goes_on(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    made = await shop.subscribe(customer, await shop.price(4_900))
    await shop.give_card(customer, "pm_card_chargeCustomerFail")
    await shop.advance(clock, MONTH_END + 2 * HOUR)
    invoice = (await shop.invoices(customer))[-1]
    with pytest.raises(stripe.CardError) as declined:
        await shop.v1.invoices.pay_async(invoice.id)
    assert declined.value.code == "card_declined"
    await shop.give_card(customer, "pm_card_visa")
    assert (await shop.v1.invoices.pay_async(invoice.id)).status == "paid"
    assert (await shop.v1.subscriptions.retrieve_async(made.id)).status == "active"


async def test_a_first_invoice_that_nobody_pays_within_a_day_ends_the_subscription(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock, card="pm_card_authenticationRequired")
    price = await shop.price(4_900)
    made = await shop.subscribe(customer, price, expand=["latest_invoice.confirmation_secret"])
    assert made.status == "incomplete"
    assert made.latest_invoice.confirmation_secret.client_secret.startswith("pi_")
    assert len(await shop.events("invoice.payment_action_required")) == 1
    with pytest.raises(stripe.CardError):
        await shop.subscribe(customer, price, payment_behavior="error_if_incomplete")
    await shop.advance(clock, START + DAY)
    assert (await shop.v1.subscriptions.retrieve_async(made.id)).status == "incomplete_expired"
    assert (await shop.invoices(customer))[0].status == "void"


async def test_a_card_that_is_declined_is_refused_and_without_one_nothing_is_sold(shop) -> None:
    customer = await shop.customer(card=None)
    with pytest.raises(stripe.CardError) as declined:
        await shop.give_card(customer, "pm_card_chargeDeclined")
    assert declined.value.http_status == 402
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        await shop.subscribe(customer, await shop.price(4_900))


async def test_a_cancellation_takes_effect_at_the_periods_end_or_now_with_a_credit(shop) -> None:
    clock = await shop.clock()
    customer, price = await shop.customer(clock), await shop.price(2_800)
    at_end = await shop.subscribe(customer, price)
    now = await shop.subscribe(customer, price)
    ending = await shop.v1.subscriptions.update_async(at_end.id, {"cancel_at_period_end": True})
    assert ending.cancel_at == MONTH_END
    await shop.advance(clock, START + 7 * DAY)
    await shop.v1.subscriptions.cancel_async(now.id, {"prorate": True, "invoice_now": True})
    assert (await shop.v1.customers.retrieve_async(customer)).balance == -2_100
    await shop.advance(clock, MONTH_END + HOUR)
    statuses = {s.status for s in (await shop.v1.subscriptions.list_async({"status": "all"})).data}
    assert statuses == {"canceled"}
    assert len(await shop.events("customer.subscription.deleted")) == 2
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.subscriptions.cancel_async(now.id)


async def test_while_collection_is_paused_invoices_are_void_and_afterwards_paid(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    made = await shop.subscribe(customer, await shop.price(4_900))
    pause = {"behavior": "void", "resumes_at": MONTH_END + 10 * DAY}
    await shop.v1.subscriptions.update_async(made.id, {"pause_collection": pause})
    await shop.advance(clock, MONTH_END + HOUR)
    await shop.advance(clock, MONTH_END + 31 * DAY + HOUR)
    assert [invoice.status for invoice in await shop.invoices(customer)] == ["paid", "void", "paid"]


async def test_currencies_are_not_mixed(shop) -> None:
    customer = await shop.customer()
    made = await shop.subscribe(customer, await shop.price(4_900))
    dollars = await shop.price(4_900, currency="usd")
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        await shop.v1.subscriptions.update_async(made.id, {"items": [{"price": dollars}]})
    with pytest.raises(stripe.InvalidRequestError, match="combine currencies"):
        await shop.subscribe(customer, dollars)


async def test_an_invoice_by_hand_and_its_credit_note(shop) -> None:
    customer = await shop.customer()
    await shop.v1.invoice_items.create_async(
        {"customer": customer, "amount": 1_000, "currency": "eur", "description": "Einrichtung"}
    )
    draft = await shop.v1.invoices.create_async(
        {"customer": customer, "pending_invoice_items_behavior": "include"}
    )
    assert (draft.status, draft.total, draft.lines.data[0].description) == ("draft", 1_000, "Einrichtung")
    paid = await shop.v1.invoices.pay_async(draft.id)
    assert paid.status == "paid"
    note = await shop.v1.credit_notes.create_async({"invoice": paid.id, "amount": 400, "credit_amount": 400})
    assert note.number == f"{paid.number}-CN-01"
    assert (await shop.v1.customers.retrieve_async(customer)).balance == -400
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.credit_notes.create_async({"invoice": paid.id, "amount": 601, "credit_amount": 601})
    with pytest.raises(stripe.InvalidRequestError):
        await shop.v1.invoices.void_invoice_async(paid.id)


async def test_a_test_clock_takes_its_customers_along_when_it_goes(shop) -> None:
    clock = await shop.clock()
    customer = await shop.customer(clock)
    await shop.subscribe(customer, await shop.price(4_900))
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        await shop.v1.test_helpers.test_clocks.advance_async(clock, {"frozen_time": START + 100 * DAY})
    await shop.v1.test_helpers.test_clocks.delete_async(clock)
    assert (await shop.v1.customers.retrieve_async(customer)).deleted
    assert (await shop.v1.subscriptions.list_async()).data == []
