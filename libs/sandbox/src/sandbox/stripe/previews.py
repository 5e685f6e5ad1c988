"""What the next invoice will be, as things are or after a change: `create_preview`. Nothing is kept."""

from __future__ import annotations

import copy

from sandbox.stripe import invoicing, lifecycle, lines, periods, subscription_changes
from sandbox.stripe.call import Call, Operation, operation
from sandbox.stripe.errors import StripeError, missing_parameter
from sandbox.stripe.params import Params
from sandbox.stripe.state import Account, Json

_DETAILS = (
    "items",
    "proration_behavior",
    "proration_date",
    "cancel_at_period_end",
    "cancel_now",
    "billing_cycle_anchor",
    "trial_end",
)


def _preview(call: Call) -> Json:
    account, params = call.account, call.params
    subscription = None
    if params.text("subscription"):
        subscription = account.get("subscription", params.required("subscription"), "subscription")
    name = subscription["customer"] if subscription else params.required("customer")
    customer = account.get("customer", name, "customer")
    details = params.sub("subscription_details").only(*_DETAILS)
    if subscription is None:
        subscription = _only_one(account, customer)
    if subscription is None:
        if "items" not in details:
            raise StripeError(
                "No upcoming invoices for customer: " + customer["id"],
                status=404,
                code="invoice_upcoming_none",
            )
        raise missing_parameter("subscription")
    return _next(account, customer, subscription, details)


def _only_one(account: Account, customer: Json) -> Json | None:
    own = [
        record
        for record in account.all("subscription")
        if record["customer"] == customer["id"] and record["status"] in lifecycle.LIVING
    ]
    return own[0] if own else None


def _next(account: Account, customer: Json, subscription: Json, details: Params) -> Json:
    ends = subscription["cancel_at_period_end"] or details.flag("cancel_at_period_end")
    if subscription["status"] not in lifecycle.LIVING:
        raise StripeError(
            "No upcoming invoices for customer: " + customer["id"], status=404, code="invoice_upcoming_none"
        )
    imagined = copy.deepcopy(subscription)
    before, period, now = (
        subscription_changes.parts(subscription),
        periods.period_of(subscription),
        account.now(customer),
    )
    subscription_changes.imagine(account, imagined, details)
    waiting = list(invoicing.pending(account, customer["id"], subscription["id"]))
    behaviour = details.choice("proration_behavior", subscription_changes.PRORATIONS, "create_prorations")
    moment = details.integer("proration_date") or now
    if behaviour != "none" and subscription["status"] != "trialing":
        fresh = subscription_changes.prorations(account, imagined, before, period, moment, credit_only=False)
        waiting += [invoicing.item_of(account, item) for item in fresh]
    if behaviour == "always_invoice":
        return invoicing.preview(account, customer, imagined, [], waiting, (period[0], now))
    own = periods.arrears_lines(account, imagined, *period) if subscription["status"] != "trialing" else []
    if not ends:
        start, end = period[1], periods.natural_period(imagined, period[1])[1]
        own += [
            line
            for item in periods.items_of(imagined)
            for line in lines.licensed(account, imagined, item, start, end)
        ]
    return invoicing.preview(account, customer, imagined, own, waiting, period)


OPERATIONS: list[Operation] = [
    operation(
        "POST",
        "/v1/invoices/create_preview",
        _preview,
        "customer subscription subscription_details currency preview_mode",
    ),
]
