"""Credit notes: a part of an invoice taken back, before it is paid or to the customer's balance."""

from __future__ import annotations

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.customers import booked
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.invoicing import marked_paid
from sandbox.stripe.listing import equal, page
from sandbox.stripe.state import Json, list_of

_PATH = "/v1/credit_notes"
_REASONS = ("duplicate", "fraudulent", "order_change", "product_unsatisfactory")


def _create(call: Call) -> Json:
    account, params = call.account, call.params
    invoice = account.get("invoice", params.required("invoice"), "invoice")
    amount = params.integer("amount", least=1)
    if amount is None:
        amount = int(params.required("amount"))
    is_open = invoice["status"] == "open"
    if invoice["status"] not in ("open", "paid"):
        raise StripeError("Only an open or a paid invoice can be credited.", param="invoice")
    most = (
        invoice["amount_remaining"]
        if is_open
        else invoice["total"] - invoice["post_payment_credit_notes_amount"]
    )
    if amount > most:
        raise invalid(f"The credit note's amount must not be more than {most}.", "amount")
    given = sum(params.integer(name) or 0 for name in ("credit_amount", "out_of_band_amount"))
    if not is_open and given != amount:
        raise invalid("Say where a paid amount goes: credit_amount or out_of_band_amount.", "credit_amount")
    record = _record(call, invoice, amount, is_open=is_open)
    account.keep(record)
    account.emit("credit_note.created", record)
    if is_open:
        invoice["pre_payment_credit_notes_amount"] += amount
        invoice["amount_due"] -= amount
        invoice["amount_remaining"] -= amount
        if invoice["amount_remaining"] == 0:
            marked_paid(account, invoice)
    else:
        invoice["post_payment_credit_notes_amount"] += amount
        credited = params.integer("credit_amount") or 0
        customer = account.get("customer", invoice["customer"])
        if credited:
            with account.changing(customer, "customer.updated"):
                booking = booked(
                    account, customer, -credited, "credit_note", invoice["currency"], invoice["id"]
                )
            booking["credit_note"] = record["id"]
            record["customer_balance_transaction"] = booking["id"]
    return record


def _record(call: Call, invoice: Json, amount: int, *, is_open: bool) -> Json:
    account, params = call.account, call.params
    note_id = account.new_id("cn")
    number = 1 + sum(note["invoice"] == invoice["id"] for note in account.all("credit_note"))
    return {
        "id": note_id, "object": "credit_note", "amount": amount, "amount_shipping": 0, "created": account.now(invoice),
        "currency": invoice["currency"], "customer": invoice["customer"], "customer_account": None,
        "customer_balance_transaction": None, "discount_amount": 0, "discount_amounts": [], "effective_at": account.now(invoice),
        "invoice": invoice["id"], "lines": list_of([], f"{_PATH}/{note_id}/lines"), "livemode": False,
        "memo": params.text("memo"), "metadata": params.metadata(), "number": f"{invoice['number']}-CN-{number:02d}",
        "out_of_band_amount": params.integer("out_of_band_amount"), "pdf": f"https://pay.stripe.com/credit_notes/{note_id}/pdf",
        "post_payment_amount": 0 if is_open else amount, "pre_payment_amount": amount if is_open else 0,
        "pretax_credit_amounts": [], "reason": params.choice("reason", _REASONS), "refunds": [], "shipping_cost": None,
        "status": "issued", "subtotal": amount, "subtotal_excluding_tax": amount, "total": amount,
        "total_excluding_tax": amount, "total_taxes": [], "type": "pre_payment" if is_open else "post_payment",
        "voided_at": None, "test_clock": invoice["test_clock"],
    }  # fmt: skip


def _retrieve(call: Call) -> Json:
    return call.account.get("credit_note", call.id)


def _list(call: Call) -> Json:
    meets = equal(call, "customer", "invoice")
    return page(call, [note for note in call.account.all("credit_note") if meets(note)], _PATH)


OPERATIONS: list[Operation] = [
    operation("POST", _PATH, _create, "invoice amount reason memo metadata credit_amount out_of_band_amount"),
    operation("GET", _PATH, _list, f"{PAGING} customer invoice"),
    operation("GET", f"{_PATH}/{{id}}", _retrieve),
]
