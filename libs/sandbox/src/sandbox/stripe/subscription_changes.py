"""Changing a subscription: its items, its trial, its cycle, with what that costs for the rest of the period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sandbox.stripe import collecting, invoicing, lifecycle, lines, periods
from sandbox.stripe.call import Call, Operation, operation
from sandbox.stripe.errors import StripeError, invalid, missing_resource
from sandbox.stripe.params import Params
from sandbox.stripe.prices import cost, is_metered
from sandbox.stripe.proration import share
from sandbox.stripe.state import Account, Json, visible
from sandbox.stripe.subscription_fields import (
    CHANGEABLE,
    PAYMENT_BEHAVIOURS,
    trial_settings,
    write_pause,
    write_plain,
)
from sandbox.stripe.subscriptions import check_price, new_item, one_interval

PRORATIONS = ("create_prorations", "always_invoice", "none")


@dataclass(frozen=True)
class Part:
    """An item as it is billed: which one, at which price, how many."""

    item: str
    price: str
    quantity: int


def parts(record: Json) -> list[Part]:
    """The licensed items of a subscription."""
    return [
        Part(item["id"], item["price"]["id"], item["quantity"])
        for item in record["items"]["data"]
        if "quantity" in item
    ]


def changed(account: Account, record: Json, params: Params) -> None:
    """Apply a change. Raises 402 when it is to be paid at once, is not, and the caller asked for an error then."""
    if record["status"] in ("canceled", "incomplete_expired"):
        raise StripeError(
            "A canceled subscription can only update its cancellation_details and metadata.", param="status"
        )
    behaviour = params.choice("proration_behavior", PRORATIONS, "create_prorations") or ""
    _check_payable(account, record, params, behaviour)
    before, period, now = parts(record), periods.period_of(record), account.now(record)
    moment = params.integer("proration_date") or now
    if not period[0] <= moment <= period[1]:
        raise invalid("proration_date must be within the current period.", "proration_date")
    interval = _interval(record)
    with account.changing(record, "customer.subscription.updated"):
        write_plain(account, record, params)
        write_pause(record, params)
        if "trial_settings" in params:
            record["trial_settings"] = trial_settings(params.sub("trial_settings"))
        removed = _change_items(account, record, params, now)
        _bill_removed_usage(account, record, removed, period[0], now)
        is_new_cycle = _interval(record) != interval or params.text("billing_cycle_anchor") == "now"
        was_trial = record["status"] == "trialing"
        if _change_trial(account, record, params, now):
            return
        if not was_trial and behaviour != "none":
            prorate(account, record, before, period, moment, credit_only=is_new_cycle)
        if is_new_cycle and not was_trial:
            _begin_cycle(account, record, now)
        elif behaviour == "always_invoice" and not was_trial:
            _invoice_now(account, record, period)
    lifecycle.plan_cancellation(account, record)
    lifecycle.plan_resumption(account, record)


def imagine(account: Account, record: Json, params: Params) -> None:
    """Apply a change of items to a copy, for a preview."""
    _change_items(account, record, params, account.now(record))


def _interval(record: Json) -> tuple[str, int]:
    recurring = record["items"]["data"][0]["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _check_payable(account: Account, record: Json, params: Params, behaviour: str) -> None:
    asked = params.choice("payment_behavior", PAYMENT_BEHAVIOURS, "allow_incomplete")
    if asked == "error_if_incomplete" and behaviour == "always_invoice":
        problem = collecting.refusal(collecting.method_for(account, record))
        if problem is not None:
            raise collecting.refused(problem)


def _change_items(account: Account, record: Json, params: Params, now: int) -> list[Json]:
    """Change, add and remove items; gives back those that are gone or had a metered price that is gone."""
    gone: list[Json] = []
    for given in params.each("items"):
        if "id" not in given:
            item = new_item(account, record, given, now)
            first = record["items"]["data"][0]
            item["current_period_start"], item["current_period_end"] = now, first["current_period_end"]
            record["items"]["data"].append(item)
            continue
        given.only("id", "price", "quantity", "deleted", "clear_usage", "metadata")
        item = _item(record, given.required("id"), given)
        if given.flag("deleted"):
            record["items"]["data"].remove(item)
            gone += [] if given.flag("clear_usage") else [item]
        else:
            before = dict(item)
            if _change_item(account, record, item, given, now):
                gone.append(before)
    items = record["items"]["data"]
    if not items:
        raise StripeError("A subscription must have at least one active price.", param="items")
    one_interval(record)
    # All items share the subscription's period; what is used of a new one counts from now on.
    start = min(item["current_period_start"] for item in items)
    for item in items:
        item["current_period_start"] = start
    record["items"]["total_count"] = len(items)
    return gone


def _item(record: Json, item_id: str, given: Params) -> Json:
    for item in record["items"]["data"]:
        if item["id"] == item_id:
            return item
    raise missing_resource("subscription_item", item_id, given.place("id"))


def _change_item(account: Account, record: Json, item: Json, given: Params, now: int) -> bool:
    """A new price or quantity; true when a metered price went."""
    item["metadata"] = given.metadata(item["metadata"])
    was = item["price"]
    if "price" in given and given.required("price") != was["id"]:
        price = account.get("price", given.required("price"), given.place("price"))
        others = [other for other in record["items"]["data"] if other is not item]
        check_price(record | {"items": {"data": others}}, price, given)
        item |= {"price": visible(price), "_used_since": now}
        if is_metered(price):
            item.pop("quantity", None)
        else:
            item.setdefault("quantity", 1)
    quantity = given.integer("quantity", least=0)
    if quantity is not None:
        if is_metered(account.get("price", item["price"]["id"])):
            raise invalid("You cannot set the quantity for metered plans.", given.place("quantity"))
        item["quantity"] = quantity
    return item["price"]["id"] != was["id"] and is_metered(was)


def _bill_removed_usage(account: Account, record: Json, gone: Sequence[Json], start: int, now: int) -> None:
    """What was used of a metered price that is gone waits for the next invoice."""
    for item in gone:
        for line in lines.metered(account, record, item, max(start, item["_used_since"]), now):
            if line["amount"]:
                _item_for(
                    account,
                    record,
                    line["amount"],
                    line["description"],
                    (start, now),
                    item["price"],
                    1,
                    item["id"],
                )


def _change_trial(account: Account, record: Json, params: Params, now: int) -> bool:
    """End the trial now, or move its end; true when a new cycle began with that."""
    if "trial_end" not in params:
        return False
    if params.text("trial_end") == "now":
        if record["status"] != "trialing":
            return False
        record |= {"status": "active", "trial_end": now}
        _begin_cycle(account, record, now)
        return True
    at = params.integer("trial_end") or 0
    if at <= now:
        raise invalid("Invalid timestamp: must be in the future", "trial_end")
    start = record["trial_start"] or now
    record |= {"status": "trialing", "trial_start": start, "trial_end": at, "billing_cycle_anchor": at}
    lifecycle.set_period(account, record, periods.period_of(record)[0], at)
    lifecycle.plan_trial(account, record)
    return True


def prorations(
    account: Account, record: Json, before: Sequence[Part], period: tuple[int, int], moment: int, *, credit_only: bool
) -> list[Json]:  # fmt: skip
    """The credits for what was paid ahead and is not used, and the debits for what comes in its place, as unsaved items.

    Each is the item's cost times the part of the period that is left, by the second.
    """
    after = parts(record)
    gone = [part for part in before if credit_only or part not in after]
    new = [] if credit_only else [part for part in after if part not in before]
    return [
        *(_share_item(account, record, part, period, moment, sign=-1) for part in gone),
        *(_share_item(account, record, part, period, moment, sign=1) for part in new),
    ]


def _share_item(
    account: Account, record: Json, part: Part, period: tuple[int, int], moment: int, *, sign: int
) -> Json:
    price = account.get("price", part.price)
    amount = sign * share(cost(price, Decimal(part.quantity)), period[0], period[1], moment)
    name = price["nickname"] or account.tables["product"][price["product"]]["name"]
    many = f"{part.quantity} × " if part.quantity != 1 else ""
    words = f"{'Unused time on' if sign < 0 else 'Remaining time on'} {many}{name}"
    return _as_item(account, record, amount, words, (moment, period[1]), price, part.quantity, part.item) | {
        "proration": True,
        "proration_details": {"credited_items": None, "discount_amounts": []},
    }


def prorate(
    account: Account, record: Json, before: Sequence[Part], period: tuple[int, int], moment: int, *, credit_only: bool
) -> None:  # fmt: skip
    for item in prorations(account, record, before, period, moment, credit_only=credit_only):
        invoicing.add_item(account, item)


def _as_item(
    account: Account, record: Json, amount: int, words: str | None, period: tuple[int, int], price: Json,
    quantity: int, item: str,
) -> Json:  # fmt: skip
    unit = price.get("unit_amount_decimal")
    return {
        "amount": amount, "currency": record["currency"], "customer": record["customer"],
        "date": account.now(record), "description": words, "period": {"start": period[0], "end": period[1]},
        "pricing": lines.pricing_of(price, Decimal(unit) if unit is not None else None), "quantity": quantity,
        "quantity_decimal": str(quantity), "test_clock": record["test_clock"], "metadata": dict(record["metadata"]),
        "parent": {
            "subscription_details": {"subscription": record["id"], "subscription_item": item},
            "type": "subscription_details",
        },
    }  # fmt: skip


def _item_for(
    account: Account, record: Json, amount: int, words: str | None, period: tuple[int, int], price: Json,
    quantity: int, item: str,
) -> None:  # fmt: skip
    invoicing.add_item(account, _as_item(account, record, amount, words, period, price, quantity, item))


def _begin_cycle(account: Account, record: Json, now: int) -> None:
    """A new cycle from now on, with its invoice at once."""
    before = periods.period_of(record)
    own = periods.arrears_lines(account, record, before[0], now)
    record["billing_cycle_anchor"] = now
    lifecycle.set_period(account, record, now, periods.natural_period(record, now)[1])
    own += periods.advance_lines(account, record)
    lifecycle.bill(account, record, "subscription_update", own, (before[0], now), at_once=True)


def _invoice_now(account: Account, record: Json, period: tuple[int, int]) -> None:
    if invoicing.pending(account, record["customer"], record["id"]):
        now = account.now(record)
        lifecycle.bill(account, record, "subscription_update", [], (period[0], now), at_once=True)


def _update(call: Call) -> Json:
    record = call.account.get("subscription", call.id)
    changed(call.account, record, call.params)
    return record


OPERATIONS: list[Operation] = [
    operation(
        "POST",
        "/v1/subscriptions/{id}",
        _update,
        f"{CHANGEABLE} pause_collection proration_date cancellation_details",
    ),
]
