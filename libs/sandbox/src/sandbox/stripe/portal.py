"""Billing portal sessions, and what the person does in the portal."""

from __future__ import annotations

from sandbox.stripe import collecting, subscription_changes
from sandbox.stripe.call import Call, Operation, operation
from sandbox.stripe.errors import invalid
from sandbox.stripe.params import Params
from sandbox.stripe.payment_methods import attached
from sandbox.stripe.state import Account, Json
from sandbox.wire import JsonObject, as_text

_KIND = "billing_portal.session"
_ACTIONS = ("cancel", "resume", "change_plan", "new_card", "pay")


def _create(call: Call) -> Json:
    account, params = call.account, call.params
    customer = account.get("customer", params.required("customer"), "customer")
    session_id = account.new_id("bps")
    return account.keep({
        "id": session_id, "object": _KIND, "configuration": params.text("configuration", "bpc_sandbox"),
        "created": account.now(customer), "customer": customer["id"], "customer_account": None,
        "flow": params.sub("flow_data").raw or None, "livemode": False, "locale": params.text("locale"),
        "on_behalf_of": None, "return_url": params.text("return_url"), "url": f"{call.base}/p/session/{session_id}",
    })  # fmt: skip


def acted(account: Account, session_id: str, wish: JsonObject) -> Json:
    """Do what the person wishes: `cancel` (at the period's end), `resume`, `change_plan` with `price` and `quantity`, `new_card` with `payment_method`, `pay`.

    `subscription` names one of several. Gives back the subscription, or for a new card and a payment the customer.
    """
    session = account.get(_KIND, session_id)
    customer = account.get("customer", session["customer"])
    action = as_text(wish.get("action"))
    if action == "new_card":
        return _new_card(account, customer, as_text(wish.get("payment_method"), "pm_card_visa"))
    if action == "pay":
        return _pay(account, customer)
    if action not in _ACTIONS:
        raise invalid(f"Unknown action {action!r}; there are {', '.join(_ACTIONS)}.", "action")
    record = _subscription(account, customer, as_text(wish.get("subscription")))
    subscription_changes.changed(account, record, Params(_change(record, action, wish)))
    return record


def _change(record: Json, action: str, wish: JsonObject) -> JsonObject:
    if action != "change_plan":
        return {"cancel_at_period_end": action == "cancel"}
    item = next(item for item in record["items"]["data"] if "quantity" in item)
    change = {"id": item["id"], "price": as_text(wish.get("price"), item["price"]["id"])}
    if "quantity" in wish:
        change["quantity"] = wish["quantity"]
    return {
        "items": [change],
        "proration_behavior": as_text(wish.get("proration_behavior"), "always_invoice"),
    }


def _new_card(account: Account, customer: Json, name: str) -> Json:
    method = attached(account, name, customer)
    method["_authenticated"] = True
    with account.changing(customer, "customer.updated"):
        customer["invoice_settings"]["default_payment_method"] = method["id"]
    for record in account.all("subscription"):
        if record["customer"] == customer["id"] and record["status"] not in (
            "canceled",
            "incomplete_expired",
        ):
            with account.changing(record, "customer.subscription.updated"):
                record["default_payment_method"] = method["id"]
    return customer


def _pay(account: Account, customer: Json) -> Json:
    """Pay every open invoice with the card that it is charged to. Raises 402 when the card is declined."""
    for record in account.all("invoice"):
        if record["customer"] == customer["id"] and record["status"] == "open":
            problem = collecting.attempt(account, record)
            if problem is not None:
                raise collecting.refused(problem)
    return customer


def _subscription(account: Account, customer: Json, wanted: str) -> Json:
    for record in account.all("subscription"):
        is_over = record["status"] in ("canceled", "incomplete_expired")
        if record["customer"] == customer["id"] and wanted in ("", record["id"]) and not is_over:
            return record
    raise invalid("The customer has no such subscription.", "subscription")


OPERATIONS: list[Operation] = [
    operation(
        "POST", "/v1/billing_portal/sessions", _create, "customer return_url configuration flow_data locale"
    ),
]
