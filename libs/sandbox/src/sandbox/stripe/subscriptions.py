"""Subscriptions: made, listed, cancelled, resumed."""

from __future__ import annotations

from sandbox.stripe import collecting, invoicing, lifecycle, lines, periods
from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.customers import one_currency
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.lifecycle import end as end
from sandbox.stripe.listing import created_within, equal, found, page
from sandbox.stripe.params import Params
from sandbox.stripe.prices import is_metered
from sandbox.stripe.state import Account, Json, list_of, visible
from sandbox.stripe.subscription_fields import (
    CHANGEABLE,
    PAYMENT_BEHAVIOURS,
    trial_settings,
    write_plain,
)

_FIELDS = f"{CHANGEABLE} customer currency billing_mode trial_period_days add_invoice_items"
_DAY = 86400


def made(account: Account, params: Params) -> Json:
    """A new subscription with its first invoice. Raises 402 where `payment_behavior` asks for that."""
    customer = account.get("customer", params.required("customer"), "customer")
    now = account.now(customer)
    record = _blank(account, customer, now)
    write_plain(account, record, params)
    given = list(params.each("items"))
    if not given:
        raise missing_parameter("items")
    record["items"]["data"] = [new_item(account, record, item, now) for item in given]
    record["items"]["total_count"] = len(given)
    one_interval(record)
    one_currency(customer, record["currency"])
    trial_end = _trial_end(params, record, now)
    record["_behaviour"] = params.choice("payment_behavior", PAYMENT_BEHAVIOURS, "allow_incomplete")
    _check_payment(account, record, is_free=trial_end is not None)
    account.keep(record)
    if trial_end is not None:
        _start_trial(account, record, customer, trial_end)
    else:
        _start(account, record, customer, params)
    lifecycle.plan_cancellation(account, record)
    return record


def _blank(account: Account, customer: Json, now: int) -> Json:
    subscription_id = account.new_id("sub")
    return {
        "id": subscription_id, "object": "subscription", "application": None, "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None}, "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": None},
        "billing_schedules": [], "billing_thresholds": None, "cancel_at": None, "cancel_at_period_end": False,
        "canceled_at": None, "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically", "created": now, "currency": None, "customer": customer["id"],
        "customer_account": None, "days_until_due": None, "default_payment_method": None, "default_source": None,
        "default_tax_rates": [], "description": None, "discounts": [], "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": list_of([], f"/v1/subscription_items?subscription={subscription_id}"), "latest_invoice": None,
        "livemode": False, "metadata": {}, "next_pending_invoice_item_invoice": None, "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {"payment_method_options": None, "payment_method_types": None, "save_default_payment_method": "off"},
        "pending_invoice_item_interval": None, "pending_setup_intent": None, "pending_update": None, "schedule": None,
        "start_date": now, "status": "incomplete", "test_clock": customer["test_clock"], "transfer_data": None,
        "trial_end": None, "trial_settings": trial_settings(Params({})), "trial_start": None,
    }  # fmt: skip


def new_item(account: Account, record: Json, params: Params, now: int) -> Json:
    """A new item of a subscription. Raises 400 for a price that does not fit: its currency, its interval, a quantity for a metered one."""
    params.only("price", "price_data", "quantity", "metadata", "discounts", "tax_rates", "billing_thresholds")
    price = account.get("price", params.required("price"), params.place("price"))
    check_price(record, price, params)
    if any(item["price"]["id"] == price["id"] for item in record["items"]["data"]):
        raise invalid(
            f"Cannot add multiple subscription items with the same price: {price['id']}",
            params.place("price"),
        )
    item: Json = {
        "id": account.new_id("si"), "object": "subscription_item", "billed_until": None, "billing_thresholds": None,
        "created": now, "current_period_end": now, "current_period_start": now, "discounts": [],
        "metadata": params.metadata(), "price": visible(price), "subscription": record["id"], "tax_rates": [], "_used_since": now,
    }  # fmt: skip
    if not is_metered(price):
        quantity = params.integer("quantity", least=0)
        item["quantity"] = 1 if quantity is None else quantity
    return item


def check_price(record: Json, price: Json, params: Params) -> None:
    """Refuse a price that this subscription cannot have."""
    place = params.place("price")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", place)
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            place,
        )
    if record["currency"] not in (None, price["currency"]):
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: `{record['currency']}`.",
            place,
        )
    record["currency"] = price["currency"]
    if is_metered(price) and "quantity" in params:
        raise invalid("You cannot set the quantity for metered plans.", params.place("quantity"))


def one_interval(record: Json) -> None:
    """Refuse items of different intervals."""
    intervals = {
        (item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"])
        for item in record["items"]["data"]
    }
    if len(intervals) > 1:
        raise invalid("The sandbox bills all items of a subscription in one interval.", "items")


def _trial_end(params: Params, record: Json, now: int) -> int | None:
    record["trial_settings"] = trial_settings(params.sub("trial_settings"))
    if params.text("trial_end") == "now":
        return None
    at, days = params.integer("trial_end"), params.integer("trial_period_days", least=1, most=730)
    if at is not None and days is not None:
        raise invalid("You can only set one of trial_end and trial_period_days.", "trial_end")
    if at is not None and at <= now:
        raise invalid("Invalid timestamp: must be in the future", "trial_end")
    return now + days * _DAY if days is not None else at


def _check_payment(account: Account, record: Json, *, is_free: bool) -> None:
    """Before anything is made: no card at all, or one that is refused where the caller wants to hear that as an error."""
    if (
        is_free
        or record["collection_method"] == "send_invoice"
        or record["_behaviour"] == "default_incomplete"
    ):
        return
    prices = [account.get("price", item["price"]["id"]) for item in record["items"]["data"]]
    if all(is_metered(price) or price["unit_amount_decimal"] == "0" for price in prices):
        return
    problem = collecting.refusal(collecting.method_for(account, record))
    if problem is not None and (
        problem[0] == "resource_missing" or record["_behaviour"] == "error_if_incomplete"
    ):
        raise collecting.refused(problem)


def _start_trial(account: Account, record: Json, customer: Json, trial_end: int) -> None:
    now = account.now(record)
    record |= {
        "status": "trialing", "trial_start": now, "trial_end": trial_end, "billing_cycle_anchor": trial_end,
    }  # fmt: skip
    lifecycle.set_period(account, record, now, trial_end)
    account.emit("customer.subscription.created", record)
    own = [
        line
        for item in periods.items_of(record)
        for line in lines.trial(account, record, item, now, trial_end)
    ]
    invoice = invoicing.drafted(account, customer, record, "subscription_create", own, (now, now))
    lifecycle.advance(account, invoice)
    lifecycle.plan_trial(account, record)


def _start(account: Account, record: Json, customer: Json, params: Params) -> None:
    now = account.now(record)
    anchor = params.integer("billing_cycle_anchor")
    if anchor is not None and anchor <= now:
        raise invalid("billing_cycle_anchor must be in the future.", "billing_cycle_anchor")
    record["billing_cycle_anchor"] = anchor or now
    natural = periods.natural_period(record, now)
    if anchor is not None and anchor > natural[1]:
        raise invalid(
            "billing_cycle_anchor cannot be later than next natural billing date.", "billing_cycle_anchor"
        )
    lifecycle.set_period(account, record, now, natural[1])
    own = periods.advance_lines(account, record)
    if anchor is not None:
        prorate = params.choice("proration_behavior", ("create_prorations", "none"), "create_prorations")
        own = [_first_share(line, natural, now) for line in own] if prorate == "create_prorations" else []
    sent = record["collection_method"] == "send_invoice"
    due = sum(line["amount"] for line in own)
    if sent or due + customer["balance"] <= 0:
        record["status"] = "active"
    account.emit("customer.subscription.created", record)
    invoice = invoicing.drafted(account, customer, record, "subscription_create", own, (now, now))
    if sent:
        lifecycle.plan_finalisation(account, invoice)
        return
    lifecycle.finalise(account, invoice)
    if invoice["status"] == "paid":
        return
    lifecycle.plan_expiry(account, record)
    if record["_behaviour"] == "default_incomplete":
        collecting.awaited(account, invoice)
    else:
        collecting.attempt(account, invoice)


def _first_share(line: Json, natural: tuple[int, int], now: int) -> Json:
    from sandbox.stripe.proration import share

    amount = share(line["amount"], natural[0], natural[1], now)
    return line | {"amount": amount, "subtotal": amount}


def _create(call: Call) -> Json:
    return made(call.account, call.params)


def _retrieve(call: Call) -> Json:
    return call.account.get("subscription", call.id)


def _list(call: Call) -> Json:
    meets, fits = equal(call, "customer", "collection_method", "test_clock"), created_within(call)
    status, price = call.params.text("status"), call.params.text("price")

    def fits_status(record: Json) -> bool:
        if status is None:
            return record["status"] not in ("canceled", "incomplete_expired")
        if status == "ended":
            return record["status"] in ("canceled", "incomplete_expired")
        return status in ("all", record["status"])

    def has_price(record: Json) -> bool:
        return price is None or any(item["price"]["id"] == price for item in record["items"]["data"])

    own = [
        s
        for s in call.account.all("subscription")
        if meets(s) and fits(s) and fits_status(s) and has_price(s)
    ]
    return page(call, own, "/v1/subscriptions")


def _search(call: Call) -> Json:
    return found(call, call.account.all("subscription"), "/v1/subscriptions/search")


def _resume(call: Call) -> Json:
    """A paused subscription begins a new period now."""
    account, record = call.account, call.account.get("subscription", call.id)
    if record["status"] != "paused":
        raise StripeError("This subscription cannot be resumed because it is not paused.")
    call.params.choice("billing_cycle_anchor", ("now", "unchanged"), "now")
    now = account.now(record)
    with account.changing(record, "customer.subscription.updated"):
        record |= {"status": "active", "billing_cycle_anchor": now}
        lifecycle.set_period(account, record, now, periods.natural_period(record, now)[1])
        own = periods.advance_lines(account, record)
        lifecycle.bill(account, record, "subscription_update", own, (now, now), at_once=True)
    account.emit("customer.subscription.resumed", record)
    return record


OPERATIONS: list[Operation] = [
    operation("POST", "/v1/subscriptions", _create, _FIELDS),
    operation(
        "GET", "/v1/subscriptions", _list,
        f"{PAGING} collection_method created customer price status test_clock",
    ),
    operation("GET", "/v1/subscriptions/search", _search, "query page limit"),
    operation("GET", "/v1/subscriptions/{id}", _retrieve),
    operation("POST", "/v1/subscriptions/{id}/resume", _resume, "billing_cycle_anchor proration_behavior proration_date"),
]  # fmt: skip
