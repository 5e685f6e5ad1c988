"""Prices: one-time or recurring, per unit or in tiers, licensed or metered."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sandbox.stripe import pricing
from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.listing import created_within, equal, found, page
from sandbox.stripe.params import Params
from sandbox.stripe.products import made as made_product
from sandbox.stripe.state import Account, Json

_CHANGEABLE = "active lookup_key metadata nickname tax_behavior transfer_lookup_key"
_FIELDS = f"{_CHANGEABLE} billing_scheme currency product product_data recurring tiers tiers_mode transform_quantity unit_amount unit_amount_decimal"
_CURRENCIES = ("eur", "usd", "gbp", "chf", "sek", "dkk", "nok", "pln", "czk")
_INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}


def made(account: Account, params: Params, product: Json | None = None) -> Json:
    """A new price of a product."""
    currency = params.required("currency").lower()
    if currency not in _CURRENCIES:
        raise invalid(f"Invalid currency: {currency}.", "currency")
    recurring = _recurring(account, params.sub("recurring")) if "recurring" in params else None
    scheme = params.choice("billing_scheme", ("per_unit", "tiered"), "per_unit")
    product = product or _product(account, params)
    record: Json = {
        "id": account.new_id("price"), "object": "price", "active": params.flag("active", True),
        "billing_scheme": scheme, "created": account.now(), "currency": currency, "custom_unit_amount": None,
        "livemode": False, "lookup_key": None, "metadata": params.metadata(), "nickname": params.text("nickname"),
        "product": product["id"], "recurring": recurring,
        "tax_behavior": params.choice("tax_behavior", ("exclusive", "inclusive", "unspecified"), "unspecified"),
        "tiers_mode": None, "transform_quantity": _transform(params),
        "type": "one_time" if recurring is None else "recurring", "unit_amount": None, "unit_amount_decimal": None,
        "_tiers": None,
    }  # fmt: skip
    if scheme == "tiered":
        record["tiers_mode"] = params.choice("tiers_mode", ("graduated", "volume"))
        if record["tiers_mode"] is None:
            raise missing_parameter("tiers_mode")
        record["_tiers"] = _tiers(params)
    else:
        record |= _amount(params, "unit_amount")
    _take_lookup_key(account, record, params)
    account.keep(record)
    account.emit("price.created", record)
    return record


def _recurring(account: Account, params: Params) -> Json:
    params.only("interval", "interval_count", "meter", "usage_type", "trial_period_days")
    params.required("interval")
    interval = params.choice("interval", tuple(_INTERVALS)) or ""
    count = params.integer("interval_count", least=1, most=_INTERVALS[interval]) or 1
    meter = params.text("meter")
    usage = params.choice("usage_type", ("licensed", "metered"), "licensed")
    if usage == "metered" and meter is None:
        raise StripeError(
            "Metered prices must be backed by a meter: pass recurring[meter].",
            code="parameter_missing",
            param="recurring[meter]",
        )
    if meter is not None:
        if usage == "licensed":
            raise invalid("A price with a meter must have usage_type=metered.", "recurring[meter]")
        if account.get("billing.meter", meter, "recurring[meter]")["status"] != "active":
            raise invalid(f"The meter {meter} is inactive.", "recurring[meter]")
    trial = params.integer("trial_period_days", least=1)
    return {
        "interval": interval, "interval_count": count, "meter": meter, "trial_period_days": trial, "usage_type": usage,
    }  # fmt: skip


def _product(account: Account, params: Params) -> Json:
    if ("product" in params) == ("product_data" in params):
        raise StripeError(
            "You must provide one of product or product_data.", code="parameter_missing", param="product"
        )
    if "product" in params:
        return account.get("product", params.required("product"), "product")
    data = params.sub("product_data").only(
        "name", "active", "id", "metadata", "statement_descriptor", "unit_label", "tax_code"
    )
    return made_product(account, data)


def _transform(params: Params) -> Json | None:
    given = params.sub("transform_quantity").only("divide_by", "round")
    if not given.raw:
        return None
    given.required("divide_by")
    given.required("round")
    return {"divide_by": given.integer("divide_by", least=1), "round": given.choice("round", ("up", "down"))}


def _amount(params: Params, name: str) -> Json:
    """`unit_amount` or `unit_amount_decimal`, both as Stripe shows them."""
    if name in params and f"{name}_decimal" in params:
        raise invalid(f"You may only pass one of {name} and {name}_decimal.", params.place(name))
    amount = params.integer(name, least=0)
    exact = Decimal(amount) if amount is not None else params.decimal(f"{name}_decimal")
    if exact is None:
        raise StripeError(
            f"You must pass {name} or {name}_decimal.", code="parameter_missing", param=params.place(name)
        )
    if exact < 0:
        raise invalid(f"Invalid non-negative integer: {exact}", params.place(name))
    is_whole = exact == exact.to_integral_value()
    return {name: int(exact) if is_whole else None, f"{name}_decimal": format(exact.normalize(), "f")}


def _tiers(params: Params) -> list[Json]:
    tiers: list[Json] = []
    for given in params.each("tiers"):
        given.only("up_to", "unit_amount", "unit_amount_decimal", "flat_amount", "flat_amount_decimal")
        tier: Json = {
            "flat_amount": None,
            "flat_amount_decimal": None,
            "unit_amount": None,
            "unit_amount_decimal": None,
        }
        for name in ("unit_amount", "flat_amount"):
            if name in given or f"{name}_decimal" in given:
                tier |= _amount(given, name)
        top = given.required("up_to")
        tier["up_to"] = None if top == "inf" else given.integer("up_to", least=1)
        if tiers and (tiers[-1]["up_to"] is None or (tier["up_to"] or 10**18) <= tiers[-1]["up_to"]):
            raise invalid("Tiers must rise, and only the last one goes up to inf.", given.place("up_to"))
        tiers.append(tier)
    if not tiers or tiers[-1]["up_to"] is not None:
        raise invalid("The last tier must go up to inf.", "tiers")
    return tiers


def _take_lookup_key(account: Account, record: Json, params: Params) -> None:
    wanted = params.text("lookup_key")
    if wanted is None:
        return
    for other in account.all("price"):
        if other["lookup_key"] == wanted and other["id"] != record["id"]:
            if not params.flag("transfer_lookup_key"):
                raise invalid(f"A price (`{other['id']}`) already uses that lookup key.", "lookup_key")
            with account.changing(other, "price.updated"):
                other["lookup_key"] = None
    record["lookup_key"] = wanted


def charges(price: Json, quantity: Decimal) -> list[pricing.Charge]:
    """What a quantity of the price costs."""
    if price["_tiers"] is not None:
        steps: Sequence[pricing.Tier] = [
            pricing.Tier(
                tier["up_to"],
                Decimal(tier["unit_amount_decimal"] or 0),
                Decimal(tier["flat_amount_decimal"] or 0),
            )
            for tier in price["_tiers"]
        ]
        if price["tiers_mode"] == "volume":
            return pricing.volume(steps, quantity)
        return pricing.graduated(steps, quantity)
    unit = Decimal(price["unit_amount_decimal"])
    transform = price["transform_quantity"]
    if transform is not None:
        return pricing.packages(unit, quantity, transform["divide_by"], transform["round"])
    return pricing.per_unit(unit, quantity)


def cost(price: Json, quantity: Decimal) -> int:
    """The sum of the charges, in the currency's smallest unit."""
    return sum(charge.amount for charge in charges(price, quantity))


def is_metered(price: Json) -> bool:
    """Whether it is charged afterwards, by what its meter counted."""
    return price["recurring"] is not None and price["recurring"]["usage_type"] == "metered"


def _create(call: Call) -> Json:
    return made(call.account, call.params)


def _update(call: Call) -> Json:
    record, params = call.account.get("price", call.id), call.params
    with call.account.changing(record, "price.updated"):
        record["active"] = params.flag("active", record["active"])
        record["metadata"] = params.metadata(record["metadata"])
        if "nickname" in params:
            record["nickname"] = params.text("nickname")
        _take_lookup_key(call.account, record, params)
    return record


def _retrieve(call: Call) -> Json:
    return call.account.get("price", call.id)


def _list(call: Call) -> Json:
    meets, fits = equal(call, "active", "product", "type", "currency"), created_within(call)
    keys, recurring = call.params.texts("lookup_keys"), call.params.sub("recurring").raw
    records = [
        price
        for price in call.account.all("price")
        if meets(price) and fits(price) and (not keys or price["lookup_key"] in keys)
        and all((price["recurring"] or {}).get(name) == value for name, value in recurring.items())
    ]  # fmt: skip
    return page(call, records, "/v1/prices")


def _search(call: Call) -> Json:
    return found(call, call.account.all("price"), "/v1/prices/search")


OPERATIONS: list[Operation] = [
    operation("POST", "/v1/prices", _create, _FIELDS),
    operation(
        "GET", "/v1/prices", _list, f"{PAGING} active created currency lookup_keys product recurring type"
    ),
    operation("GET", "/v1/prices/search", _search, "query page limit"),
    operation("GET", "/v1/prices/{id}", _retrieve),
    operation("POST", "/v1/prices/{id}", _update, _CHANGEABLE),
]
