"""Meters: what is counted, what is refused and how, and what it costs."""

import time

import pytest
import stripe

from .conftest import DAY, HOUR, START, client
from .test_subscriptions import MONTH_END

GRADUATED = {
    "billing_scheme": "tiered", "tiers_mode": "graduated", "unit_amount": None,
    "tiers": [{"up_to": 100, "unit_amount": 0}, {"up_to": 1_000, "unit_amount_decimal": "2.5"}, {"up_to": "inf", "unit_amount": 1, "flat_amount": 500}],
}  # fmt: skip


def metered(meter: str) -> dict[str, object]:
    return {"recurring": {"interval": "month", "usage_type": "metered", "meter": meter}}


async def count(shop, customer: str, value: object, identifier: str, **more: object) -> None:
    payload = {"stripe_customer_id": customer, "value": str(value)}
    wish = {"event_name": "letters", "payload": payload, "identifier": identifier}
    await shop.v1.billing.meter_events.create_async(wish | more)


async def test_what_a_meter_counted_is_billed_in_tiers_when_the_period_is_over(shop) -> None:
    clock, meter = await shop.clock(), await shop.meter()
    customer = await shop.customer(clock)
    tiers = {name: value for name, value in GRADUATED.items() if value is not None}
    wish = {"currency": "eur", "product_data": {"name": "Briefe"}, **tiers, **metered(meter)}
    price = (await shop.v1.prices.create_async(wish)).id
    await shop.subscribe(customer, price)
    await shop.advance(clock, START + DAY)
    await count(shop, customer, 150, "e-1")
    await count(shop, customer, 1_001, "e-2")
    await count(shop, customer, 999, "e-3")
    await shop.v1.billing.meter_event_adjustments.create_async(
        {"event_name": "letters", "type": "cancel", "cancel": {"identifier": "e-3"}}
    )
    await shop.advance(clock, MONTH_END + 60)
    # For an hour what comes late is still counted, when it is of the period that is over.
    await count(shop, customer, 1, "e-4", timestamp=MONTH_END - 1)
    await count(shop, customer, 7, "e-5", timestamp=MONTH_END)
    await shop.advance(clock, MONTH_END + HOUR)

    invoice = (await shop.invoices(customer))[-1]
    assert [(line.quantity, line.amount) for line in invoice.lines.data] == [
        (100, 0),
        (900, 2_250),
        (152, 152),
        (0, 500),
    ]
    assert invoice.total == 2_902
    window = {"customer": customer, "start_time": START, "end_time": MONTH_END}
    summaries = await shop.v1.billing.meters.event_summaries.list_async(meter, window)
    assert [summary.aggregated_value for summary in summaries.data] == [1_152]


async def test_a_metered_price_that_is_replaced_is_billed_and_the_new_one_counts_from_then_on(shop) -> None:
    clock, meter = await shop.clock(), await shop.meter()
    customer = await shop.customer(clock)
    old, new = await shop.price(10, **metered(meter)), await shop.price(20, **metered(meter))
    made = await shop.subscribe(customer, old)
    item = made["items"].data[0].id
    await shop.advance(clock, START + DAY)
    await count(shop, customer, 30, "e-1")
    await shop.advance(clock, START + 2 * DAY)
    await shop.v1.subscriptions.update_async(made.id, {"items": [{"id": item, "price": new}]})
    await count(shop, customer, 40, "e-2")
    await shop.advance(clock, MONTH_END + HOUR)
    assert (await shop.invoices(customer))[-1].total == 30 * 10 + 40 * 20


async def test_an_identifier_counts_once_and_a_time_too_far_off_is_refused(shop) -> None:
    await shop.meter()
    customer = await shop.customer()
    await count(shop, customer, 1, "e-1")
    with pytest.raises(stripe.InvalidRequestError, match="already exists with identifier e-1"):
        await count(shop, customer, 1, "e-1")
    for offset in (-36 * DAY, 600):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await count(shop, customer, 1, "e-2", timestamp=int(time.time()) + offset)
        assert refused.value.param == "timestamp"


async def test_what_is_wrong_inside_an_event_is_answered_well_and_reported_afterwards(shop, sandbox) -> None:
    meter = await shop.meter()
    customer = await shop.customer()
    await count(shop, "cus_nobody", 1, "e-1")
    await count(shop, customer, "viel", "e-2")
    await shop.v1.billing.meter_events.create_async({"event_name": "unknown", "payload": {"value": "1"}})

    state = (await sandbox.http.get("/_sandbox/state?vendor=stripe")).json()["stripe"]
    reports = [(e["type"], e["data"]["reason"]["error_types"][0]["code"]) for e in state["v2.core.event"]]
    triggered = "v1.billing.meter.error_report_triggered"
    assert reports == [
        (triggered, "meter_event_customer_not_found"),
        (triggered, "meter_event_invalid_value"),
        ("v1.billing.meter.no_meter_found", "no_meter"),
    ]
    fetched = await shop.sdk.v2.core.events.retrieve_async(state["v2.core.event"][0]["id"])
    assert fetched.related_object.id == meter


async def test_version_two_takes_json_and_a_stream_under_a_session(shop, sandbox) -> None:
    meter = await shop.meter()
    customer = await shop.customer()
    event = {
        "event_name": "letters",
        "payload": {"stripe_customer_id": customer, "value": "3"},
        "identifier": "e-1",
    }
    taken = await shop.sdk.v2.billing.meter_events.create_async(event)
    assert taken.object == "v2.billing.meter_event"
    with pytest.raises(stripe.StripeError) as refused:
        await shop.sdk.v2.billing.meter_events.create_async(event)
    assert refused.value.code == "duplicate_meter_event"
    session = await shop.sdk.v2.billing.meter_event_session.create_async()
    stream = client(sandbox.base, session.authentication_token).v2.billing.meter_event_stream
    await stream.create_async({"events": [event, event | {"identifier": "e-2"}]})
    minute = int(time.time()) // 60 * 60
    window = {"customer": customer, "start_time": minute - HOUR, "end_time": minute + HOUR}
    summaries = await shop.v1.billing.meters.event_summaries.list_async(meter, window)
    assert summaries.data[0].aggregated_value == 6


async def test_a_meter_has_its_event_name_alone_until_it_is_deactivated(shop) -> None:
    meter = await shop.meter()
    with pytest.raises(stripe.InvalidRequestError):
        await shop.meter()
    assert (await shop.v1.billing.meters.deactivate_async(meter)).status == "inactive"
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        await shop.price(1, **metered(meter))
    assert await shop.meter() != meter
