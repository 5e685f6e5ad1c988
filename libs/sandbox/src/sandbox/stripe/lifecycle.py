"""A subscription in time: its renewals, the end of its trial, its end, and what its invoices' payments do to it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from sandbox.stripe import collecting, invoicing
from sandbox.stripe.periods import (
    advance_lines,
    arrears_lines,
    customer_of,
    items_of,
    natural_period,
    period_of,
    used,
)
from sandbox.stripe.state import Account, Json

LIVING = ("trialing", "active", "past_due", "unpaid")
_TRIAL_NOTICE, _INCOMPLETE_SECONDS = 3 * 86400, 23 * 3600


def set_period(account: Account, subscription: Json, start: int, end: int) -> None:
    """Put it into a period, and plan what comes at its end."""
    for item in items_of(subscription):
        item["current_period_start"], item["current_period_end"] = start, end
    account.timeline_of(subscription).plan(end, lambda: _period_over(account, subscription, end))


def plan_trial(account: Account, subscription: Json) -> None:
    """Tell three days before the trial ends (or at once when it is shorter)."""
    end = subscription["trial_end"]

    def tell() -> None:
        if subscription["status"] == "trialing" and subscription["trial_end"] == end:
            account.emit("customer.subscription.trial_will_end", subscription)

    at = end - _TRIAL_NOTICE
    if at <= account.now(subscription):
        tell()
    else:
        account.timeline_of(subscription).plan(at, tell)


def plan_cancellation(account: Account, subscription: Json) -> None:
    """End it at `cancel_at`, when that is still wanted then."""
    at = subscription["cancel_at"]

    def cancel() -> None:
        if subscription["cancel_at"] == at and subscription["status"] in LIVING:
            end(account, subscription, "cancellation_requested", final_invoice=True)

    if at is not None:
        account.timeline_of(subscription).plan(at, cancel)


def plan_resumption(account: Account, subscription: Json) -> None:
    """Collect again at `resumes_at`, when that is still wanted then."""
    paused = subscription["pause_collection"]
    if paused is None or paused["resumes_at"] is None:
        return

    def resume() -> None:
        if subscription["pause_collection"] == paused:
            with account.changing(subscription, "customer.subscription.updated"):
                subscription["pause_collection"] = None

    account.timeline_of(subscription).plan(paused["resumes_at"], resume)


def _period_over(account: Account, subscription: Json, at: int) -> None:
    if subscription["status"] not in LIVING or period_of(subscription)[1] != at:
        return
    if subscription["cancel_at_period_end"]:
        end(account, subscription, "cancellation_requested", final_invoice=True)
        return
    if subscription["status"] == "trialing" and _ends_trial_otherwise(account, subscription):
        return
    renew(account, subscription, at)


def _ends_trial_otherwise(account: Account, subscription: Json) -> bool:
    """A trial that ends without a card: cancel, pause, or go on with an invoice that nobody pays."""
    wish = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    asks_for_card = subscription["collection_method"] == "charge_automatically"
    if (
        not asks_for_card
        or wish == "create_invoice"
        or collecting.method_for(account, subscription) is not None
    ):
        return False
    if wish == "cancel":
        end(account, subscription, "cancellation_requested")
    else:
        before = {"status": subscription["status"]}
        subscription["status"] = "paused"
        account.emit("customer.subscription.updated", subscription, before)
        account.emit("customer.subscription.paused", subscription)
    return True


def renew(account: Account, subscription: Json, at: int) -> None:
    """Begin the next period: its invoice has what was used before and what is paid ahead, and is a draft for an hour."""
    before = period_of(subscription)
    was_trial = subscription["status"] == "trialing"
    with account.changing(subscription, "customer.subscription.updated"):
        if was_trial:
            subscription["status"] = "active"
        set_period(account, subscription, at, natural_period(subscription, at)[1])
        # What was used in a trial is not billed.
        usage = [] if was_trial else arrears_lines(account, subscription, *before)
        own = [*usage, *advance_lines(account, subscription)]
        bill(account, subscription, "subscription_cycle", own, before, usage=None if was_trial else before)


def bill(
    account: Account,
    subscription: Json,
    reason: str,
    own: Sequence[Json],
    period: tuple[int, int],
    *,
    usage: tuple[int, int] | None = None,
    at_once: bool = False,
) -> Json:
    """Draft an invoice; finalise it at once or in an hour, when what was used is counted again."""
    customer = customer_of(account, subscription)
    record = invoicing.drafted(account, customer, subscription, reason, own, period)
    paused = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or (paused and paused["behavior"] == "keep_as_draft"):
        record |= {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
        return record
    record["_usage"] = usage
    record["_used_items"] = copy.deepcopy(items_of(subscription))
    if at_once:
        advance(account, record)
    else:
        plan_finalisation(account, record)
    return record


def plan_finalisation(account: Account, record: Json) -> None:
    """Finalise a draft when its hour is over."""
    at = record["automatically_finalizes_at"]

    def due() -> None:
        if (
            record["status"] == "draft"
            and record["auto_advance"]
            and record["automatically_finalizes_at"] == at
        ):
            advance(account, record)

    account.timeline_of(record).plan(at, due)


def advance(account: Account, record: Json) -> None:
    """Finalise a draft and collect it, unless the subscription's collection is paused."""
    finalise(account, record)
    subscription = of_invoice(account, record)
    paused = subscription["pause_collection"] if subscription else None
    if record["status"] != "open":
        return
    if paused and paused["behavior"] in ("void", "mark_uncollectible"):
        close(account, record, "void" if paused["behavior"] == "void" else "uncollectible")
    elif record["collection_method"] == "charge_automatically":
        collecting.attempt(account, record)
    else:
        account.emit("invoice.sent", record)


def finalise(account: Account, record: Json) -> None:
    """Finalise a draft after counting its usage once more: events may come late for an hour."""
    subscription, usage = of_invoice(account, record), record.get("_usage")
    if subscription is not None and usage is not None:
        fresh = used(account, subscription, record["_used_items"], usage)
        kept = [line for line in record["lines"]["data"] if not line["_usage"]]
        for line in fresh:
            line["invoice"] = record["id"]
        record["lines"]["data"] = [*fresh, *kept]
        record["lines"]["total_count"] = len(record["lines"]["data"])
        invoicing.summed(record)
    invoicing.finalised(account, record)


def close(account: Account, record: Json, status: str) -> None:
    """Give an open invoice up: void or uncollectible."""
    field, kind = {
        "void": ("voided_at", "invoice.voided"),
        "uncollectible": ("marked_uncollectible_at", "invoice.marked_uncollectible"),
    }[status]
    with account.changing(record, "invoice.updated"):
        record |= {"status": status, "next_payment_attempt": None, "auto_advance": False}
        record["status_transitions"][field] = account.now(record)
    account.emit(kind, record)
    intent = record["_payment_intent"]
    if status == "void" and intent is not None:
        held = account.get("payment_intent", intent)
        held |= {"status": "canceled", "canceled_at": account.now(record)}
        account.emit("payment_intent.canceled", held)


def of_invoice(account: Account, record: Json) -> Json | None:
    """The subscription that an invoice is of."""
    parent = record["parent"]
    if parent is None:
        return None
    return account.tables["subscription"][parent["subscription_details"]["subscription"]]


def after_payment(account: Account, record: Json) -> None:
    """A paid invoice makes an incomplete, late or unpaid subscription active, when it is the latest one."""
    subscription = of_invoice(account, record)
    if subscription is None or subscription["latest_invoice"] != record["id"]:
        return
    if subscription["status"] in ("incomplete", "past_due", "unpaid"):
        with account.changing(subscription, "customer.subscription.updated"):
            subscription["status"] = "active"


def after_failure(account: Account, record: Json, *, is_last: bool) -> None:
    """A failed renewal makes a subscription late; after the last attempt it is what the account's setting says."""
    subscription = of_invoice(account, record)
    if subscription is None or subscription["status"] not in LIVING:
        return
    if is_last and account.settings.after_retries == "cancel":
        end(account, subscription, "payment_failed")
        return
    late = "unpaid" if is_last and account.settings.after_retries == "unpaid" else "past_due"
    if subscription["status"] in ("active", "trialing", "past_due"):
        with account.changing(subscription, "customer.subscription.updated"):
            subscription["status"] = late


def plan_expiry(account: Account, subscription: Json) -> None:
    """A first invoice that nobody pays within 23 hours ends the subscription."""

    def expire() -> None:
        if subscription["status"] != "incomplete":
            return
        with account.changing(subscription, "customer.subscription.updated"):
            subscription.update(status="incomplete_expired", ended_at=account.now(subscription))
        invoice = account.get("invoice", subscription["latest_invoice"])
        if invoice["status"] == "open":
            close(account, invoice, "void")

    timeline = account.timeline_of(subscription)
    timeline.plan(timeline.now + _INCOMPLETE_SECONDS, expire)


def end(account: Account, subscription: Json, reason: str, *, final_invoice: bool = False) -> None:
    """Cancel it now; a final invoice has what was used, and the prorations that wait."""
    now = account.now(subscription)
    if final_invoice and subscription["status"] in LIVING:
        start = period_of(subscription)[0]
        own = arrears_lines(account, subscription, start, now) if subscription["status"] != "trialing" else []
        if own or invoicing.pending(account, subscription["customer"], subscription["id"]):
            bill(account, subscription, "subscription_cycle", own, (start, now), usage=(start, now))
    subscription |= {"status": "canceled", "ended_at": now, "canceled_at": subscription["canceled_at"] or now}
    subscription["cancellation_details"] |= {
        "reason": subscription["cancellation_details"]["reason"] or reason
    }
    account.emit("customer.subscription.deleted", subscription)
