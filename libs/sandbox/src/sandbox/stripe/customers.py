"""Customers and their credit balance."""

from __future__ import annotations

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import invalid
from sandbox.stripe.listing import created_within, equal, found, page
from sandbox.stripe.params import Params
from sandbox.stripe.state import Account, Json

_PLAIN = ("description", "email", "name", "phone", "business_name", "individual_name")
_FIELDS = "address balance business_name description email individual_name invoice_prefix invoice_settings metadata name next_invoice_sequence phone preferred_locales shipping tax_exempt"
_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def made(account: Account, params: Params) -> Json:
    """A new customer."""
    clock = params.text("test_clock")
    if clock is not None:
        account.get("test_helpers.test_clock", clock, "test_clock")
    customer_id = account.new_id("cus")
    record: Json = {
        "id": customer_id, "object": "customer", "address": None, "balance": 0, "business_name": None,
        "created": account.timeline(clock).now, "currency": None, "customer_account": None, "default_source": None,
        "delinquent": False, "description": None, "discount": None, "email": None, "individual_name": None,
        "invoice_prefix": f"{abs(hash(customer_id)) % 36**8:08X}"[:8],
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None},
        "livemode": False, "metadata": {}, "name": None, "next_invoice_sequence": 1, "phone": None,
        "preferred_locales": [], "shipping": None, "tax_exempt": "none", "test_clock": clock,
    }  # fmt: skip
    account.keep(record)
    _write(account, record, params)
    account.emit("customer.created", record)
    return record


def _create(call: Call) -> Json:
    return made(call.account, call.params)


def _update(call: Call) -> Json:
    record = call.account.get("customer", call.id)
    with call.account.changing(record, "customer.updated"):
        _write(call.account, record, call.params)
    return record


def _write(account: Account, record: Json, params: Params) -> None:
    for name in _PLAIN:
        if name in params:
            record[name] = params.text(name)
    email = record["email"]
    if email is not None and ("@" not in email or " " in email):
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")
    record["metadata"] = params.metadata(record["metadata"])
    record["tax_exempt"] = params.choice("tax_exempt", ("none", "exempt", "reverse"), record["tax_exempt"])
    record["invoice_prefix"] = params.text("invoice_prefix", record["invoice_prefix"])
    if "preferred_locales" in params:
        record["preferred_locales"] = params.texts("preferred_locales")
    if "address" in params:
        address = params.sub("address").only(*_ADDRESS)
        record["address"] = {name: address.text(name) for name in _ADDRESS} if address.raw else None
    if "shipping" in params:
        record["shipping"] = params.sub("shipping").raw or None
    if "next_invoice_sequence" in params:
        record["next_invoice_sequence"] = params.integer("next_invoice_sequence", least=1)
    _write_payment(account, record, params)
    if "balance" in params:
        wanted = params.integer("balance") or 0
        if wanted != record["balance"]:
            booked(account, record, wanted - record["balance"], "adjustment", record["currency"] or "eur")


def _write_payment(account: Account, record: Json, params: Params) -> None:
    from sandbox.stripe.payment_methods import attached

    if params.text("payment_method"):
        attached(account, params.required("payment_method"), record)
    settings = params.sub("invoice_settings").only(
        "default_payment_method", "custom_fields", "footer", "rendering_options"
    )
    if "default_payment_method" in settings:
        wanted = settings.text("default_payment_method")
        if wanted is not None:
            method = account.get("payment_method", wanted, settings.place("default_payment_method"))
            if method["customer"] != record["id"]:
                raise invalid(
                    f"The customer does not have a payment method with the ID {wanted}. The payment method must be attached to the customer.",
                    settings.place("default_payment_method"),
                    "resource_missing",
                )
        record["invoice_settings"]["default_payment_method"] = wanted
    if "footer" in settings:
        record["invoice_settings"]["footer"] = settings.text("footer")


def booked(
    account: Account, customer: Json, amount: int, kind: str, currency: str, invoice: str | None = None
) -> Json:
    """Change a customer's balance by an amount (negative is a credit for the customer) and write it down."""
    customer["currency"] = customer["currency"] or currency
    customer["balance"] += amount
    return account.keep({
        "id": account.new_id("cbtxn"), "object": "customer_balance_transaction", "amount": amount,
        "checkout_session": None, "created": account.now(customer), "credit_note": None, "currency": currency,
        "customer": customer["id"], "description": None, "ending_balance": customer["balance"], "invoice": invoice,
        "livemode": False, "metadata": {}, "type": kind,
    })  # fmt: skip


def _book(call: Call) -> Json:
    customer = call.account.get("customer", call.id)
    currency, amount = call.params.required("currency").lower(), call.params.integer("amount")
    if amount is None:
        amount = int(call.params.required("amount"))
    one_currency(customer, currency)
    with call.account.changing(customer, "customer.updated"):
        booking = booked(call.account, customer, amount, "adjustment", currency)
    booking["description"], booking["metadata"] = call.params.text("description"), call.params.metadata()
    return booking


def one_currency(customer: Json, currency: str) -> None:
    """Refuse a second currency for a customer."""
    if customer["currency"] not in (None, currency):
        raise invalid(
            f"You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency {customer['currency']}.",
            "currency",
        )


def _bookings(call: Call) -> Json:
    customer = call.account.get("customer", call.id)
    own = [b for b in call.account.all("customer_balance_transaction") if b["customer"] == customer["id"]]
    return page(call, own, f"/v1/customers/{customer['id']}/balance_transactions")


def _retrieve(call: Call) -> Json:
    record = call.account.find(call.id)
    if record is not None and record.get("deleted") and record["object"] == "customer":
        return {"id": record["id"], "object": "customer", "deleted": True}
    return call.account.get("customer", call.id)


def _delete(call: Call) -> Json:
    record = call.account.get("customer", call.id)
    removed(call.account, record)
    return {"id": record["id"], "object": "customer", "deleted": True}


def removed(account: Account, record: Json) -> None:
    """Delete a customer; its subscriptions are cancelled at once."""
    from sandbox.stripe.lifecycle import end

    for subscription in account.all("subscription"):
        over = subscription["status"] in ("canceled", "incomplete_expired")
        if subscription["customer"] == record["id"] and not over:
            end(account, subscription, "cancellation_requested")
    account.emit("customer.deleted", record)
    record["deleted"] = True


def _list(call: Call) -> Json:
    meets, fits = equal(call, "email", "test_clock"), created_within(call)
    return page(call, [c for c in call.account.all("customer") if meets(c) and fits(c)], "/v1/customers")


def _search(call: Call) -> Json:
    return found(call, call.account.all("customer"), "/v1/customers/search")


OPERATIONS: list[Operation] = [
    operation("POST", "/v1/customers", _create, f"{_FIELDS} payment_method test_clock"),
    operation("GET", "/v1/customers", _list, f"{PAGING} created email test_clock"),
    operation("GET", "/v1/customers/search", _search, "query page limit"),
    operation("GET", "/v1/customers/{id}", _retrieve),
    operation("POST", "/v1/customers/{id}", _update, _FIELDS),
    operation("DELETE", "/v1/customers/{id}", _delete),
    operation(
        "POST", "/v1/customers/{id}/balance_transactions", _book, "amount currency description metadata"
    ),
    operation("GET", "/v1/customers/{id}/balance_transactions", _bookings, PAGING),
]
