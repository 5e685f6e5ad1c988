"""Checkout sessions for subscriptions, and what the person does on their page."""

from __future__ import annotations

from decimal import Decimal

from sandbox.stripe import collecting, subscriptions
from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.customers import made as made_customer
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.listing import created_within, equal, page
from sandbox.stripe.params import Params
from sandbox.stripe.payment_methods import attached
from sandbox.stripe.prices import cost, is_metered
from sandbox.stripe.state import Account, Json, visible
from sandbox.wire import JsonObject

_KIND, _PATH, _DAY = "checkout.session", "/v1/checkout/sessions", 86400
_NOTED = "allow_promotion_codes billing_address_collection customer_update tax_id_collection custom_text consent_collection submit_type phone_number_collection"
_FIELDS = f"{_NOTED} mode success_url cancel_url line_items customer customer_email client_reference_id metadata subscription_data currency expires_at locale payment_method_collection automatic_tax ui_mode return_url"
_SUBSCRIPTION_DATA = (
    "metadata", "trial_period_days", "trial_end", "trial_settings", "description", "billing_cycle_anchor",
    "proration_behavior", "billing_mode",
)  # fmt: skip


def _create(call: Call) -> Json:
    account, params = call.account, call.params
    if params.choice("mode", ("payment", "setup", "subscription")) != "subscription":
        raise StripeError("The sandbox has checkout sessions of the mode subscription.", param="mode")
    if params.choice("ui_mode", ("hosted_page",), "hosted_page") == "hosted_page":
        params.required("success_url")
    customer = _customer(account, params)
    items = [_line_item(account, given) for given in params.each("line_items")]
    if not items:
        raise missing_parameter("line_items")
    currencies = {item["currency"] for item in items}
    if len(currencies) > 1:
        raise invalid("All prices on a Checkout session must use the same currency.", "line_items")
    data = params.sub("subscription_data").only(*_SUBSCRIPTION_DATA)
    data.metadata()
    record = _blank(call, customer, items)
    lives_until = params.integer("expires_at") or record["created"] + _DAY
    if not record["created"] + 1800 <= lives_until <= record["created"] + _DAY:
        raise invalid("expires_at must be between 30 minutes and 24 hours from now.", "expires_at")
    record |= {"expires_at": lives_until, "_subscription_data": data.raw}
    account.keep(record)
    account.timeline_of(record).plan(lives_until, lambda: _expire_when_open(account, record))
    return record


def _customer(account: Account, params: Params) -> Json | None:
    if "customer" in params and "customer_email" in params:
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer")
    name = params.text("customer")
    return None if name is None else account.get("customer", name, "customer")


def _line_item(account: Account, params: Params) -> Json:
    params.only("price", "price_data", "quantity", "adjustable_quantity", "tax_rates", "metadata")
    price = account.get("price", params.required("price"), params.place("price"))
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.", params.place("price")
        )
    quantity = params.integer("quantity", least=1)
    if is_metered(price) and quantity is not None:
        raise invalid(
            "Quantity should not be specified where usage_type is metered.", params.place("quantity")
        )
    if not is_metered(price) and quantity is None:
        raise invalid("Quantity is required. Add `quantity` to `line_items`.", params.place("quantity"))
    amount = 0 if quantity is None else cost(price, Decimal(quantity))
    return {
        "id": account.new_id("li"), "object": "item", "amount_discount": 0, "amount_subtotal": amount,
        "amount_tax": 0, "amount_total": amount, "currency": price["currency"],
        "description": account.get("product", price["product"])["name"], "metadata": {}, "price": visible(price),
        "quantity": quantity,
    }  # fmt: skip


def _blank(call: Call, customer: Json | None, items: list[Json]) -> Json:
    account, params = call.account, call.params
    session_id = account.new_id("cs_test")
    total = sum(item["amount_total"] for item in items)
    trial = any(name in params.sub("subscription_data") for name in ("trial_end", "trial_period_days"))
    total = 0 if trial else total
    return {
        "id": session_id, "object": _KIND, "adaptive_pricing": None, "after_expiration": None,
        "allow_promotion_codes": None, "amount_subtotal": total, "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.text("billing_address_collection"),
        "cancel_url": params.text("cancel_url"), "client_reference_id": params.text("client_reference_id"),
        "client_secret": None, "consent": None, "created": account.now(customer), "currency": items[0]["currency"],
        "custom_fields": [], "custom_text": {}, "customer": customer["id"] if customer else None,
        "customer_creation": None if customer else "always",
        "customer_details": None if customer is None else _details(customer),
        "customer_email": params.text("customer_email"), "discounts": [], "expires_at": 0, "invoice": None,
        "invoice_creation": None, "livemode": False, "locale": params.text("locale"), "metadata": params.metadata(),
        "mode": "subscription", "payment_intent": None, "payment_link": None,
        "payment_method_collection": params.choice("payment_method_collection", ("always", "if_required"), "always"),
        "payment_method_types": ["card"], "payment_status": "unpaid", "recovered_from": None, "setup_intent": None,
        "shipping_options": [], "status": "open", "submit_type": None, "subscription": None,
        "success_url": params.text("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}, "ui_mode": "hosted_page",
        "url": f"{call.base}/c/pay/{session_id}", "test_clock": customer["test_clock"] if customer else None,
        "_line_items": items,
    }  # fmt: skip


def _details(customer: Json) -> Json:
    return {
        "address": customer["address"], "email": customer["email"], "name": customer["name"],
        "phone": customer["phone"], "tax_exempt": customer["tax_exempt"], "tax_ids": [],
    }  # fmt: skip


def completed(
    account: Account, session_id: str, method: str, email: str | None = None, name: str | None = None
) -> Json:
    """The person gave a card and agreed: customer, subscription and first invoice are there, the session is complete.

    Raises 402 for a card that is declined, as the page shows it; the session stays open then.
    """
    record = _open(account, session_id)
    customer = _paying_customer(account, record, email, name)
    card = attached(account, method, customer)
    # On the page the person is there to confirm: only a charge without them is refused for want of that.
    card["_authenticated"] = True
    problem = collecting.refusal(card)
    if problem is not None:
        raise collecting.refused(problem)
    wish = dict(record["_subscription_data"])
    items = [
        {"price": item["price"]["id"]} | ({} if item["quantity"] is None else {"quantity": item["quantity"]})
        for item in record["_line_items"]
    ]
    wish |= {"customer": customer["id"], "items": items, "default_payment_method": card["id"]}
    subscription = subscriptions.made(account, Params(wish))
    invoice = account.get("invoice", subscription["latest_invoice"])
    free = invoice["amount_paid"] == 0
    record |= {
        "customer": customer["id"], "customer_details": _details(customer), "subscription": subscription["id"],
        "invoice": invoice["id"], "status": "complete", "url": None,
        "payment_status": "no_payment_required" if free and not invoice["total"] and subscription["status"] == "trialing" else "paid",
    }  # fmt: skip
    account.emit("checkout.session.completed", record)
    return record


def _paying_customer(account: Account, record: Json, email: str | None, name: str | None) -> Json:
    if record["customer"] is not None:
        return account.get("customer", record["customer"])
    address = record["customer_email"] or email
    if address is None:
        raise invalid("The person has to give an e-mail address.", "email")
    wish: JsonObject = {"email": address, "name": name or ""}
    return made_customer(account, Params(wish))


def _open(account: Account, session_id: str) -> Json:
    record = account.get(_KIND, session_id)
    if record["status"] != "open":
        raise StripeError(
            f'This Session is {record["status"]}. Only Checkout Sessions with a status in ["open"] can be changed.'
        )
    return record


def expired(account: Account, session_id: str) -> Json:
    """The session's time is over, or its owner ended it."""
    record = _open(account, session_id)
    record |= {"status": "expired", "url": None}
    account.emit("checkout.session.expired", record)
    return record


def _expire_when_open(account: Account, record: Json) -> None:
    if record["status"] == "open":
        expired(account, record["id"])


def _expire(call: Call) -> Json:
    return expired(call.account, call.id)


def _retrieve(call: Call) -> Json:
    return call.account.get(_KIND, call.id)


def _list(call: Call) -> Json:
    meets, fits = equal(call, "customer", "subscription", "status", "payment_intent"), created_within(call)
    return page(call, [s for s in call.account.all(_KIND) if meets(s) and fits(s)], _PATH)


def _line_items(call: Call) -> Json:
    items: list[Json] = call.account.get(_KIND, call.id)["_line_items"]
    return page(call, items, f"{_PATH}/{call.id}/line_items", newest_first=False)


def _update(call: Call) -> Json:
    record = call.account.get(_KIND, call.id)
    record["metadata"] = call.params.metadata(record["metadata"])
    return record


OPERATIONS: list[Operation] = [
    operation("POST", _PATH, _create, _FIELDS),
    operation("GET", _PATH, _list, f"{PAGING} created customer subscription status payment_intent"),
    operation("GET", f"{_PATH}/{{id}}", _retrieve),
    operation("POST", f"{_PATH}/{{id}}", _update, "metadata"),
    operation("POST", f"{_PATH}/{{id}}/expire", _expire),
    operation("GET", f"{_PATH}/{{id}}/line_items", _line_items, PAGING),
]
