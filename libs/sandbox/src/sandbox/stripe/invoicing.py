"""An invoice's life: draft, finalised, paid or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandbox.stripe import lines
from sandbox.stripe.customers import booked
from sandbox.stripe.state import Account, Json, list_of

if TYPE_CHECKING:
    from sandbox.stripe.params import Params

DRAFT_SECONDS = 3600
_SMALLEST_CHARGE = 50


def pending(account: Account, customer: str, subscription: str | None) -> list[Json]:
    """The invoice items that wait for this subscription's next invoice (or, without one, for the customer's)."""
    waiting: list[Json] = []
    for item in account.all("invoiceitem"):
        of = (item["parent"] or {}).get("subscription_details")
        wanted = of is None or of["subscription"] == subscription
        if item["customer"] == customer and item["invoice"] is None and wanted:
            waiting.append(item)
    return waiting


def drafted(
    account: Account,
    customer: Json,
    subscription: Json | None,
    reason: str,
    own_lines: Sequence[Json],
    period: tuple[int, int],
    items: Sequence[Json] | None = None,
) -> Json:
    """A new draft with these lines and the invoice items that wait (or the given ones)."""
    taken = (
        pending(account, customer["id"], subscription["id"] if subscription else None)
        if items is None
        else items
    )
    record = blank(account, customer, subscription, reason, period)
    account.keep(record)
    for item in taken:
        item["invoice"] = record["id"]
    _put_lines(record, [*(lines.of_invoice_item(account, item) for item in taken), *own_lines])
    if subscription is not None:
        subscription["latest_invoice"] = record["id"]
    account.emit("invoice.created", record)
    return record


def blank(
    account: Account, customer: Json, subscription: Json | None, reason: str, period: tuple[int, int]
) -> Json:
    """An invoice without lines."""
    now, invoice_id = account.now(customer), account.new_id("in")
    method = subscription["collection_method"] if subscription else "charge_automatically"
    currency = subscription["currency"] if subscription else customer["currency"] or "eur"
    parent = None
    if subscription is not None:
        details = {
            "metadata": dict(subscription["metadata"]), "subscription": subscription["id"],
            "subscription_proration_date": None,
        }  # fmt: skip
        parent = {"quote_details": None, "subscription_details": details, "type": "subscription_details"}
    return {
        "id": invoice_id, "object": "invoice", "account_country": "DE", "account_name": "Sandbox",
        "account_tax_ids": None, "amount_due": 0, "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": 0,
        "amount_shipping": 0, "application": None, "attempt_count": 0, "attempted": False, "auto_advance": True,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
        "automatically_finalizes_at": now + DRAFT_SECONDS, "billing_reason": reason, "collection_method": method,
        "created": now, "currency": currency, "custom_fields": None, "customer": customer["id"],
        "customer_account": None, "customer_address": customer["address"], "customer_email": customer["email"],
        "customer_name": customer["name"], "customer_phone": customer["phone"], "customer_shipping": None,
        "customer_tax_exempt": customer["tax_exempt"], "customer_tax_ids": [], "default_payment_method": None,
        "default_source": None, "default_tax_rates": [], "description": None, "discounts": [], "due_date": None,
        "effective_at": None, "ending_balance": None, "footer": None, "from_invoice": None,
        "hosted_invoice_url": None, "invoice_pdf": None, "issuer": {"type": "self"},
        "last_finalization_error": None, "latest_revision": None,
        "lines": list_of([], f"/v1/invoices/{invoice_id}/lines"), "livemode": False, "metadata": {},
        "next_payment_attempt": now + DRAFT_SECONDS if method == "charge_automatically" else None, "number": None,
        "on_behalf_of": None, "parent": parent,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": period[1], "period_start": period[0], "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0, "receipt_number": None, "rendering": None, "shipping_cost": None,
        "shipping_details": None, "starting_balance": customer["balance"], "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
        "subtotal": 0, "subtotal_excluding_tax": 0, "test_clock": customer["test_clock"], "total": 0,
        "total_discount_amounts": [], "total_excluding_tax": 0, "total_pretax_credit_amounts": [],
        "total_taxes": [], "webhooks_delivered_at": None, "_payment_intent": None,
        "_days_until_due": subscription["days_until_due"] if subscription else None, "_retries": 0,
    }  # fmt: skip


def preview(
    account: Account, customer: Json, subscription: Json | None, own_lines: Sequence[Json], items: Sequence[Json],
    period: tuple[int, int],
) -> Json:  # fmt: skip
    """What would stand on the next invoice; nothing is kept."""
    record = blank(account, customer, subscription, "upcoming", period)
    record["id"] = record["id"].replace("in_", "upcoming_in_", 1)
    _put_lines(record, [*(lines.of_invoice_item(account, item) for item in items), *own_lines])
    _settle_balance(record, customer)
    return record


def _put_lines(record: Json, all_lines: list[Json]) -> None:
    for line in all_lines:
        line["invoice"] = record["id"]
    record["lines"] = list_of(all_lines, f"/v1/invoices/{record['id']}/lines")
    summed(record)


def summed(record: Json) -> None:
    """Write the sums of the lines into an invoice that is still a draft."""
    total = sum(line["amount"] for line in record["lines"]["data"])
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        record[name] = total
    record["amount_due"] = record["amount_remaining"] = max(total, 0)


def _settle_balance(record: Json, customer: Json) -> int:
    """What is due after the customer's balance; gives back what the balance becomes.

    A credit is used up first; a total below nothing, or below the smallest charge, goes to the balance.
    """
    start, total = customer["balance"], record["total"]
    together = total + start
    record["starting_balance"] = start
    due = 0 if total <= 0 or together < _SMALLEST_CHARGE else together
    if total == 0:
        together = start
    record["amount_due"] = record["amount_remaining"] = due
    record["ending_balance"] = 0 if due else together
    return record["ending_balance"]


def finalised(account: Account, record: Json) -> None:
    """Close a draft: its number, what is due after the customer's balance; what costs nothing is paid at once."""
    customer = account.tables["customer"][record["customer"]]
    now = account.now(record)
    with account.changing(customer, "customer.updated"):
        after = _settle_balance(record, customer)
        if after != customer["balance"]:
            kind = "applied_to_invoice"
            if record["total"] < 0 or (record["amount_due"] == 0 and after > 0):
                kind = "invoice_too_small"
            booked(account, customer, after - customer["balance"], kind, record["currency"], record["id"])
        customer["currency"] = customer["currency"] or record["currency"]
        if record["number"] is None:
            record["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
            customer["next_invoice_sequence"] += 1
    record |= {"status": "open", "automatically_finalizes_at": None, "effective_at": now}
    record["status_transitions"]["finalized_at"] = now
    record["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{record['id']}"
    record["invoice_pdf"] = f"https://pay.stripe.com/invoice/{record['id']}/pdf"
    if record["collection_method"] == "send_invoice":
        record["due_date"] = record["due_date"] or now + 86400 * (record["_days_until_due"] or 30)
        record["next_payment_attempt"] = None
    account.emit("invoice.finalized", record)
    if record["amount_due"] == 0:
        marked_paid(account, record)


def marked_paid(account: Account, record: Json) -> None:
    """Note that everything due was paid; a subscription that waited for it goes on."""
    from sandbox.stripe.lifecycle import after_payment

    with account.changing(record, "invoice.updated"):
        record |= {
            "status": "paid", "attempted": True, "amount_paid": record["amount_due"], "amount_remaining": 0,
            "next_payment_attempt": None, "auto_advance": False,
        }  # fmt: skip
        record["status_transitions"]["paid_at"] = account.now(record)
    account.emit("invoice.paid", record)
    account.emit("invoice.payment_succeeded", record)
    after_payment(account, record)


def item_of(account: Account, fields: Json) -> Json:
    """An invoice item with these fields, not kept."""
    return {
        "id": account.new_id("ii"), "object": "invoiceitem", "customer_account": None, "discountable": True,
        "discounts": [], "frozen_fields": None, "invoice": None, "invoicing_rules": None, "livemode": False,
        "metadata": {}, "net_amount": fields["amount"], "parent": None, "pricing": None, "proration": False,
        "proration_details": None, "quantity": 1, "quantity_decimal": "1", "tax_rates": [], **fields,
    }  # fmt: skip


def add_item(account: Account, fields: Json, params: Params | None = None) -> Json:
    """A new invoice item that waits for the next invoice."""
    record = item_of(account, fields)
    if params is not None:
        record["metadata"] = params.metadata()
    account.keep(record)
    account.emit("invoiceitem.created", record)
    return record


def add_line(account: Account, record: Json, item: Json) -> None:
    """Put an invoice item on a draft."""
    _put_lines(record, [*record["lines"]["data"], lines.of_invoice_item(account, item)])
