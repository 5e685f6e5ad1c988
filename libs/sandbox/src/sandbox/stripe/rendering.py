"""Objects as they leave: without what is the sandbox's own, with what `expand[]` asks for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

from sandbox.stripe.errors import invalid
from sandbox.stripe.state import Account, Json, list_of, visible

_IDS = ("cus_", "sub_", "in_", "price_", "prod_", "pm_", "pi_", "ii_", "evt_", "cs_", "mtr_", "clock_", "cn_")
_DEEPEST = 4


def rendered(account: Account, answer: Json, expand: Sequence[str]) -> Json:
    """A copy of the answer, expanded. Raises 400 for a path that leads to nothing that can be expanded."""
    shown = visible(answer)
    for path in expand:
        steps = path.split(".")
        if len(steps) - (steps[0] == "data") > _DEEPEST:
            raise invalid(f"You cannot expand more than {_DEEPEST} levels of a property: {path}", "expand")
        _expand(account, shown, steps, path)
    return shown


def _expand(account: Account, node: object, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for element in node:
            _expand(account, element, steps, path)
        return
    if not isinstance(node, dict):
        return
    step, rest = steps[0], steps[1:]
    value: object = node.get(step)
    included = _INCLUDABLE.get((str(node.get("object")), step))
    if included is not None and value is None:
        value = copy.deepcopy(included(account, node))
    elif isinstance(value, str) and value.startswith(_IDS):
        record = account.find(value)
        value = visible(record) if record is not None else value
    elif step not in node or not isinstance(value, dict | list | None):
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    node[step] = value
    if rest:
        _expand(account, value, rest, path)


def _tiers(account: Account, price: Json) -> object:
    return account.get("price", price["id"])["_tiers"]


def _subscriptions(account: Account, customer: Json) -> object:
    own = [
        visible(subscription)
        for subscription in reversed(account.all("subscription"))
        if subscription["customer"] == customer["id"] and subscription["status"] != "canceled"
    ]
    return list_of(own, f"/v1/customers/{customer['id']}/subscriptions")


def _payments(account: Account, invoice: Json) -> object:
    own = [payment for payment in account.all("invoice_payment") if payment["invoice"] == invoice["id"]]
    return list_of(own, "/v1/invoice_payments")


def _bought(account: Account, session: Json) -> object:
    items: list[Json] = account.get("checkout.session", session["id"])["_line_items"]
    return list_of(items, f"/v1/checkout/sessions/{session['id']}/line_items")


def _secret(account: Account, invoice: Json) -> object:
    own = account.get("invoice", invoice["id"]).get("_payment_intent")
    if own is None:
        return None
    return {"client_secret": account.get("payment_intent", own)["client_secret"], "type": "payment_intent"}


_INCLUDABLE: dict[tuple[str, str], Callable[[Account, Json], object]] = {
    ("price", "tiers"): _tiers,
    ("customer", "subscriptions"): _subscriptions,
    ("invoice", "payments"): _payments,
    ("invoice", "confirmation_secret"): _secret,
    ("checkout.session", "line_items"): _bought,
}
"""What is only there when it is asked for."""
