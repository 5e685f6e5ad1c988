"""Collecting what an open invoice asks for: attempts, retries, and what becomes of the subscription when they end."""

from __future__ import annotations

from sandbox.stripe import invoicing
from sandbox.stripe.errors import declined, invalid
from sandbox.stripe.payment_methods import MESSAGES, card_of
from sandbox.stripe.state import Account, Json

_DAY = 86400


def method_for(account: Account, record: Json) -> Json | None:
    """The payment method that an invoice or a subscription is charged to: its own, its subscription's, the customer's."""
    parent = record.get("parent") or {}
    subscription = account.find((parent.get("subscription_details") or {}).get("subscription", ""))
    customer = account.tables["customer"][record["customer"]]
    names = (
        record["default_payment_method"],
        subscription["default_payment_method"] if subscription else None,
        customer["invoice_settings"]["default_payment_method"],
    )
    name = next((name for name in names if name), None)
    return None if name is None else account.tables["payment_method"][name]


def refusal(method: Json | None) -> tuple[str, str] | None:
    """Why a charge off-session would not work: code and message."""
    if method is None:
        return "resource_missing", "This customer has no attached payment source or default payment method."
    card = card_of(method)
    if card.asks_for_authentication and not method.get("_authenticated"):
        return "authentication_required", "Your card was declined. This transaction requires authentication."
    if card.decline is not None:
        return "card_declined", MESSAGES[card.decline]
    return None


def attempt(account: Account, record: Json, method: Json | None = None) -> tuple[str, str] | None:
    """Charge an open invoice; gives back why it did not work, or nothing when it is paid."""
    method = method or method_for(account, record)
    problem = refusal(method)
    intent = _intent(account, record, method)
    record |= {"attempted": True, "attempt_count": record["attempt_count"] + 1}
    if problem is None:
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
        _note_payment(account, record, intent)
        account.emit("payment_intent.succeeded", intent)
        invoicing.marked_paid(account, record)
        return None
    code, message = problem
    needs_person = code == "authentication_required"
    intent |= {
        "status": "requires_action" if needs_person else "requires_payment_method",
        "last_payment_error": {"type": "card_error", "code": code, "message": message},
    }  # fmt: skip
    account.emit("payment_intent.payment_failed", intent)
    _failed(account, record)
    account.emit("invoice.payment_failed", record)
    if needs_person:
        account.emit("invoice.payment_action_required", record)
    return problem


def refused(problem: tuple[str, str]) -> Exception:
    """The error of a call that wanted to charge at once."""
    code, message = problem
    if code == "resource_missing":
        return invalid(message, "default_payment_method", code)
    return declined(code, message, code if code == "authentication_required" else "generic_decline")


def _intent(account: Account, record: Json, method: Json | None) -> Json:
    if record["_payment_intent"] is not None:
        held = account.get("payment_intent", record["_payment_intent"])
        held["payment_method"] = method["id"] if method else None
        return held
    intent_id = account.new_id("pi")
    record["_payment_intent"] = intent_id
    intent = account.keep({
        "id": intent_id, "object": "payment_intent", "amount": record["amount_remaining"], "amount_capturable": 0,
        "amount_received": 0, "canceled_at": None, "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{account.new_id('s')[2:]}", "confirmation_method": "automatic",
        "created": account.now(record), "currency": record["currency"], "customer": record["customer"],
        "description": None, "last_payment_error": None, "latest_charge": None, "livemode": False, "metadata": {},
        "next_action": None, "payment_method": method["id"] if method else None, "payment_method_types": ["card"],
        "receipt_email": None, "setup_future_usage": "off_session", "status": "requires_payment_method",
        "test_clock": record["test_clock"],
    })  # fmt: skip
    account.emit("payment_intent.created", intent)
    return intent


def _note_payment(account: Account, record: Json, intent: Json) -> None:
    now = account.now(record)
    payment = account.keep({
        "id": account.new_id("inpay"), "object": "invoice_payment", "amount_paid": intent["amount"],
        "amount_requested": intent["amount"], "created": now, "currency": record["currency"],
        "invoice": record["id"], "is_default": True, "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"}, "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": now},
    })  # fmt: skip
    account.emit("invoice_payment.paid", payment)


def _failed(account: Account, record: Json) -> None:
    """Plan the next attempt, or end the attempts; either way the subscription learns of it."""
    from sandbox.stripe.lifecycle import after_failure

    days, tried = account.settings.retry_days, record["_retries"]
    retries = record["billing_reason"] != "subscription_create" and record["auto_advance"]
    record["next_payment_attempt"] = None
    if retries and tried < len(days):
        at = account.now(record) + days[tried] * _DAY
        record |= {"next_payment_attempt": at, "_retries": tried + 1}
        account.timeline_of(record).plan(at, lambda: _retry(account, record, at))
    after_failure(account, record, is_last=retries and tried >= len(days))


def _retry(account: Account, record: Json, at: int) -> None:
    if record["status"] == "open" and record["next_payment_attempt"] == at:
        attempt(account, record)


def awaited(account: Account, record: Json) -> None:
    """Make the payment intent of an invoice that a person is to pay on the page."""
    _intent(account, record, method_for(account, record))
