"""Cancelling a subscription now."""

from __future__ import annotations

from sandbox.stripe import invoicing, lifecycle, periods
from sandbox.stripe.call import Call, Operation, operation
from sandbox.stripe.errors import missing_resource
from sandbox.stripe.params import Params
from sandbox.stripe.state import Account, Json
from sandbox.stripe.subscription_changes import parts, prorate


def cancelled(account: Account, record: Json, params: Params) -> None:
    """End it now, with a credit for what was paid ahead when `prorate` says so, and a last invoice when `invoice_now` does."""
    if record["status"] in ("canceled", "incomplete_expired"):
        raise missing_resource("subscription", record["id"])
    details = params.sub("cancellation_details").only("comment", "feedback")
    for name in ("comment", "feedback"):
        record["cancellation_details"][name] = details.text(name, record["cancellation_details"][name])
    period, now = periods.period_of(record), account.now(record)
    if params.flag("prorate") and record["status"] in ("active", "past_due"):
        prorate(account, record, parts(record), period, now, credit_only=True)
    if params.flag("invoice_now"):
        own = periods.arrears_lines(account, record, period[0], now)
        if own or invoicing.pending(account, record["customer"], record["id"]):
            lifecycle.bill(account, record, "subscription_update", own, (period[0], now), at_once=True)
    if record["status"] != "canceled":
        lifecycle.end(account, record, "cancellation_requested")


def _cancel(call: Call) -> Json:
    record = call.account.get("subscription", call.id)
    cancelled(call.account, record, call.params)
    return record


OPERATIONS: list[Operation] = [
    operation("DELETE", "/v1/subscriptions/{id}", _cancel, "prorate invoice_now cancellation_details"),
]
