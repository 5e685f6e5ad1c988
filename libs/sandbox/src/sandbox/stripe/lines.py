"""What stands on an invoice, line by line."""

from __future__ import annotations

from decimal import Decimal

from sandbox.stripe.prices import charges, is_metered
from sandbox.stripe.pricing import Charge
from sandbox.stripe.state import Account, Json
from sandbox.stripe.usage import used


def pricing_of(price: Json, unit: Decimal | None) -> Json:
    """Which price a line is of."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]}, "type": "price_details",
        "unit_amount_decimal": None if unit is None else format(unit.normalize(), "f"),
    }  # fmt: skip


def licensed(account: Account, subscription: Json, item: Json, start: int, end: int) -> list[Json]:
    """An item's lines for a period that is paid in advance; none for a metered one."""
    price = account.get("price", item["price"]["id"])
    if is_metered(price):
        return []
    parts = charges(price, Decimal(item["quantity"]))
    return [_of_item(account, subscription, item, price, part, (start, end)) for part in parts]


def metered(account: Account, subscription: Json, item: Json, start: int, end: int) -> list[Json]:
    """An item's lines for what was used in a period that is over; none for a licensed one."""
    price = account.get("price", item["price"]["id"])
    if not is_metered(price):
        return []
    meter = account.get("billing.meter", price["recurring"]["meter"])
    quantity = used(account, meter, subscription["customer"], start, end)
    parts = charges(price, quantity)
    return [
        _of_item(account, subscription, item, price, part, (start, end)) | {"_usage": True} for part in parts
    ]


def trial(account: Account, subscription: Json, item: Json, start: int, end: int) -> list[Json]:
    """The line that says that this period costs nothing."""
    price = account.get("price", item["price"]["id"])
    part = Charge(Decimal(item.get("quantity", 0)), Decimal(0), 0)
    line = _of_item(account, subscription, item, price, part, (start, end))
    return [line | {"description": f"Trial period for {_name(account, price)}"}]


def of_invoice_item(account: Account, item: Json) -> Json:
    """The line of an invoice item: a proration or something that was added by hand."""
    of = (item["parent"] or {}).get("subscription_details")
    details: Json = {
        "invoice_item": item["id"], "proration": item["proration"],
        "proration_details": {"credited_items": None} if item["proration"] else None,
        "subscription": of["subscription"] if of else None,
    }  # fmt: skip
    parent = {
        "invoice_item_details": details,
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }
    if of and of.get("subscription_item"):
        details |= {"subscription_item": of["subscription_item"]}
        parent = {
            "invoice_item_details": None, "subscription_item_details": details, "type": "subscription_item_details",
        }  # fmt: skip
    return _line(
        account, item["amount"], item["currency"], item["description"], item["quantity"], item["period"],
        item["pricing"], parent, details["subscription"], item["metadata"],
    )  # fmt: skip


def _of_item(
    account: Account, subscription: Json, item: Json, price: Json, part: Charge, period: tuple[int, int]
) -> Json:
    parent = {
        "invoice_item_details": None, "type": "subscription_item_details",
        "subscription_item_details": {
            "invoice_item": None, "proration": False, "proration_details": None,
            "subscription": subscription["id"], "subscription_item": item["id"],
        },
    }  # fmt: skip
    return _line(
        account, part.amount, price["currency"], describe(account, price, part), int(part.quantity),
        {"start": period[0], "end": period[1]}, pricing_of(price, part.unit), parent, subscription["id"],
        dict(subscription["metadata"]),
    ) | {"quantity_decimal": format(part.quantity.normalize(), "f")}  # fmt: skip


def _line(
    account: Account, amount: int, currency: str, description: str | None, quantity: int, period: Json,
    pricing: Json | None, parent: Json, subscription: str | None, metadata: Json,
) -> Json:  # fmt: skip
    return {
        "id": account.new_id("il"), "object": "line_item", "amount": amount, "currency": currency,
        "description": description, "discount_amounts": [], "discountable": amount > 0, "discounts": [],
        "invoice": None, "livemode": False, "metadata": metadata, "parent": parent, "period": dict(period),
        "pretax_credit_amounts": [], "pricing": pricing, "quantity": quantity, "quantity_decimal": str(quantity),
        "subscription": subscription, "subtotal": amount, "taxes": [], "_usage": False,
    }  # fmt: skip


def describe(account: Account, price: Json, part: Charge) -> str:
    """`2 × Frontdesk Pro (at €49.00 / month)`, with the tier where there is one."""
    name, recurring = _name(account, price), price["recurring"]
    every = "" if recurring is None else f" / {_interval(recurring)}"
    if part.is_flat:
        return f"{name} (Tier {part.tier} at {money(part.amount, price['currency'])}{every})"
    tier = "" if part.tier is None else f"Tier {part.tier} "
    at = money(part.unit, price["currency"])
    return f"{format(part.quantity.normalize(), 'f')} × {name} ({tier}at {at}{every})"


def money(amount: Decimal | int, currency: str) -> str:
    """An amount as a line writes it, with as many places as it has (at least two)."""
    sign = {"eur": "€", "usd": "$", "gbp": "£"}.get(currency, currency.upper() + " ")
    value = Decimal(amount) / 100
    return f"{sign}{value:.2f}" if value == round(value, 2) else f"{sign}{value.normalize():f}"


def _name(account: Account, price: Json) -> str:
    return price["nickname"] or account.tables["product"][price["product"]]["name"]


def _interval(recurring: Json) -> str:
    count: int = recurring["interval_count"]
    return recurring["interval"] if count == 1 else f"every {count} {recurring['interval']}s"
