"""Invoices as a caller sees and moves them: lists, previews, by hand made, finalised, paid, given up."""

from __future__ import annotations

from sandbox.stripe import collecting, invoicing, lifecycle
from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.listing import created_within, equal, found, page
from sandbox.stripe.payment_methods import attached
from sandbox.stripe.state import Account, Json

_PATH = "/v1/invoices"
_CHANGEABLE = "auto_advance collection_method days_until_due default_payment_method description due_date footer metadata"


def _list(call: Call) -> Json:
    meets, fits = equal(call, "customer", "status", "collection_method"), created_within(call)
    subscription = call.params.text("subscription")

    def is_of(record: Json) -> bool:
        return subscription is None or subscription_id(record) == subscription

    own = [
        invoice
        for invoice in call.account.all("invoice")
        if meets(invoice) and fits(invoice) and is_of(invoice)
    ]
    return page(call, own, _PATH)


def subscription_id(record: Json) -> str | None:
    """The subscription that an invoice is of."""
    return record["parent"]["subscription_details"]["subscription"] if record["parent"] else None


def _search(call: Call) -> Json:
    return found(call, call.account.all("invoice"), f"{_PATH}/search")


def _retrieve(call: Call) -> Json:
    return call.account.get("invoice", call.id)


def _lines(call: Call) -> Json:
    lines: list[Json] = call.account.get("invoice", call.id)["lines"]["data"]
    return page(call, lines, f"{_PATH}/{call.id}/lines", newest_first=False)


def _create(call: Call) -> Json:
    """An invoice by hand; it takes the invoice items that wait, when `pending_invoice_items_behavior` says so."""
    account, params = call.account, call.params
    customer = account.get("customer", params.required("customer"), "customer")
    subscription = None
    if "subscription" in params:
        subscription = account.get("subscription", params.required("subscription"), "subscription")
    takes = params.choice("pending_invoice_items_behavior", ("include", "exclude"), "exclude") == "include"
    now = account.now(customer)
    waiting = invoicing.pending(account, customer["id"], subscription["id"] if subscription else None)
    record = invoicing.drafted(
        account,
        customer,
        subscription,
        "manual",
        [],
        (now, now),
        items=waiting if takes or subscription else [],
    )
    record["currency"] = (params.text("currency") or record["currency"]).lower()
    record["auto_advance"] = False
    _write(call, record)
    if record["auto_advance"]:
        lifecycle.plan_finalisation(account, record)
    else:
        record["automatically_finalizes_at"] = None
    return record


def _update(call: Call) -> Json:
    record = call.account.get("invoice", call.id)
    with call.account.changing(record, "invoice.updated"):
        _write(call, record)
    if record["status"] == "draft" and record["auto_advance"]:
        record["automatically_finalizes_at"] = call.account.now(record) + invoicing.DRAFT_SECONDS
        lifecycle.plan_finalisation(call.account, record)
    return record


def _write(call: Call, record: Json) -> None:
    params = call.params
    record["metadata"] = params.metadata(record["metadata"])
    for name in ("description", "footer"):
        if name in params:
            record[name] = params.text(name)
    record["auto_advance"] = params.flag("auto_advance", record["auto_advance"])
    record["collection_method"] = params.choice(
        "collection_method", ("charge_automatically", "send_invoice"), record["collection_method"]
    )
    if "days_until_due" in params:
        record["_days_until_due"] = params.integer("days_until_due", least=0)
    if "due_date" in params:
        record["due_date"] = params.integer("due_date")
    if params.text("default_payment_method"):
        name = params.required("default_payment_method")
        call.account.get("payment_method", name, "default_payment_method")
        record["default_payment_method"] = name


def _delete(call: Call) -> Json:
    record = _in_status(call, "draft")
    for item in call.account.all("invoiceitem"):
        if item["invoice"] == record["id"]:
            item["deleted"] = True
    call.account.emit("invoice.deleted", record)
    record["deleted"] = True
    return {"id": record["id"], "object": "invoice", "deleted": True}


def _finalize(call: Call) -> Json:
    record = _in_status(call, "draft")
    lifecycle.finalise(call.account, record)
    record["auto_advance"] = call.params.flag("auto_advance", record["auto_advance"])
    if (
        record["auto_advance"]
        and record["status"] == "open"
        and record["collection_method"] == "charge_automatically"
    ):
        collecting.attempt(call.account, record)
    return record


def _pay(call: Call) -> Json:
    """Charge now, or note that it was paid elsewhere. Raises 402 when the card says no."""
    account, params = call.account, call.params
    record = account.get("invoice", call.id)
    if record["status"] == "draft":
        lifecycle.finalise(account, record)
    if record["status"] == "paid":
        raise StripeError("Invoice is already paid", code="invoice_already_paid")
    if record["status"] not in ("open", "uncollectible"):
        raise StripeError(
            f"This invoice is {record['status']} and cannot be paid.", code="invoice_not_payable"
        )
    if params.flag("paid_out_of_band"):
        invoicing.marked_paid(account, record)
        return record
    method = None
    if params.text("payment_method"):
        customer = account.get("customer", record["customer"])
        method = attached(account, params.required("payment_method"), customer)
    problem = collecting.attempt(account, record, method)
    if problem is not None:
        raise collecting.refused(problem)
    return record


def _send(call: Call) -> Json:
    record = call.account.get("invoice", call.id)
    if record["status"] == "draft":
        lifecycle.finalise(call.account, record)
    call.account.emit("invoice.sent", record)
    return record


def _void(call: Call) -> Json:
    record = _in_status(call, "open", "uncollectible")
    lifecycle.close(call.account, record, "void")
    return record


def _mark_uncollectible(call: Call) -> Json:
    record = _in_status(call, "open")
    lifecycle.close(call.account, record, "uncollectible")
    return record


def _in_status(call: Call, *wanted: str) -> Json:
    record = call.account.get("invoice", call.id)
    if record["status"] not in wanted:
        words = " or ".join(wanted)
        raise StripeError(
            f"You can only do this to an invoice that is {words}; this one is {record['status']}.",
            code="invoice_not_editable" if wanted == ("draft",) else None,
        )
    return record


def _payments(call: Call) -> Json:
    meets = equal(call, "invoice", "status")
    own = [payment for payment in call.account.all("invoice_payment") if meets(payment)]
    return page(call, own, "/v1/invoice_payments")


def _retrieve_intent(call: Call) -> Json:
    return call.account.get("payment_intent", call.id)


def _create_item(call: Call) -> Json:
    """Something to pay or to credit besides the prices; it waits, or goes into a draft."""
    account, params = call.account, call.params
    customer = account.get("customer", params.required("customer"), "customer")
    currency, quantity = (
        (params.text("currency") or customer["currency"] or "eur").lower(),
        params.integer("quantity") or 1,
    )
    amount, unit = params.integer("amount"), params.decimal("unit_amount_decimal")
    if amount is None and unit is not None:
        amount = int((unit * quantity).to_integral_value())
    if amount is None:
        amount = int(params.required("amount"))
    now = account.now(customer)
    period = params.sub("period").only("start", "end")
    record = invoicing.add_item(account, {
        "amount": amount, "currency": currency, "customer": customer["id"], "date": now,
        "description": params.text("description"), "quantity": quantity, "quantity_decimal": str(quantity),
        "period": {"start": period.integer("start") or now, "end": period.integer("end") or now},
        "parent": _parent(account, params.text("subscription")), "test_clock": customer["test_clock"],
    }, params)  # fmt: skip
    if params.text("invoice"):
        _put_into(account, record, params.required("invoice"))
    return record


def _parent(account: Account, subscription: str | None) -> Json | None:
    if subscription is None:
        return None
    account.get("subscription", subscription, "subscription")
    details = {"subscription": subscription, "subscription_item": None}
    return {"subscription_details": details, "type": "subscription_details"}


def _put_into(account: Account, item: Json, invoice: str) -> None:
    record = account.get("invoice", invoice, "invoice")
    if record["status"] != "draft":
        raise invalid("Only a draft takes further items.", "invoice", "invoice_not_editable")
    item["invoice"] = record["id"]
    invoicing.add_line(account, record, item)


def _retrieve_item(call: Call) -> Json:
    return call.account.get("invoiceitem", call.id)


def _list_items(call: Call) -> Json:
    meets, waiting = equal(call, "customer", "invoice"), call.params.text("pending")
    own = [
        item
        for item in call.account.all("invoiceitem")
        if meets(item) and (waiting is None or (item["invoice"] is None) == (waiting == "true"))
    ]
    return page(call, own, "/v1/invoiceitems")


def _delete_item(call: Call) -> Json:
    record = call.account.get("invoiceitem", call.id)
    if record["invoice"] is not None:
        raise StripeError("An invoice item that is on an invoice cannot be deleted here.")
    record["deleted"] = True
    return {"id": record["id"], "object": "invoiceitem", "deleted": True}


OPERATIONS: list[Operation] = [
    operation("POST", _PATH, _create, f"{_CHANGEABLE} customer subscription currency pending_invoice_items_behavior"),
    operation("GET", _PATH, _list, f"{PAGING} collection_method created customer status subscription"),
    operation("GET", f"{_PATH}/search", _search, "query page limit"),
    operation("GET", f"{_PATH}/{{id}}", _retrieve),
    operation("POST", f"{_PATH}/{{id}}", _update, _CHANGEABLE),
    operation("DELETE", f"{_PATH}/{{id}}", _delete),
    operation("GET", f"{_PATH}/{{id}}/lines", _lines, PAGING),
    operation("POST", f"{_PATH}/{{id}}/finalize", _finalize, "auto_advance"),
    operation("POST", f"{_PATH}/{{id}}/pay", _pay, "payment_method paid_out_of_band off_session"),
    operation("POST", f"{_PATH}/{{id}}/send", _send),
    operation("POST", f"{_PATH}/{{id}}/void", _void),
    operation("POST", f"{_PATH}/{{id}}/mark_uncollectible", _mark_uncollectible),
    operation("GET", "/v1/invoice_payments", _payments, f"{PAGING} invoice status"),
    operation("GET", "/v1/payment_intents/{id}", _retrieve_intent),
    operation(
        "POST", "/v1/invoiceitems", _create_item,
        "customer amount currency description quantity unit_amount_decimal metadata period subscription invoice",
    ),
    operation("GET", "/v1/invoiceitems", _list_items, f"{PAGING} customer invoice pending"),
    operation("GET", "/v1/invoiceitems/{id}", _retrieve_item),
    operation("DELETE", "/v1/invoiceitems/{id}", _delete_item),
]  # fmt: skip
