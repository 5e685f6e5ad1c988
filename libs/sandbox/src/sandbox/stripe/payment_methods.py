"""Payment methods: Stripe's test cards, which pay, are declined, or want the person to confirm."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import declined, invalid
from sandbox.stripe.listing import equal, page
from sandbox.stripe.state import Account, Json


@dataclass(frozen=True, slots=True)
class TestCard:
    """How one of Stripe's test cards behaves when it is charged."""

    __test__ = False
    brand: str
    last4: str
    decline: str | None = None
    asks_for_authentication: bool = False
    declined_at_attaching: bool = False


CARDS = {
    "pm_card_visa": TestCard("visa", "4242"),
    "pm_card_mastercard": TestCard("mastercard", "4444"),
    "pm_card_de": TestCard("visa", "0016"),
    "pm_card_chargeDeclined": TestCard("visa", "0002", "generic_decline", declined_at_attaching=True),
    "pm_card_chargeDeclinedInsufficientFunds": TestCard(
        "visa", "9995", "insufficient_funds", declined_at_attaching=True
    ),
    "pm_card_chargeCustomerFail": TestCard("visa", "0341", "generic_decline"),
    "pm_card_authenticationRequired": TestCard("visa", "3155", asks_for_authentication=True),
    "pm_card_authenticationRequiredOnSetup": TestCard("visa", "3184", asks_for_authentication=True),
    "pm_card_threeDSecure2Required": TestCard("visa", "3220", asks_for_authentication=True),
}
MESSAGES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
}


def card_of(method: Json) -> TestCard:
    """How the card behaves."""
    return CARDS[method["_card"]]


def attached(account: Account, name: str, customer: Json) -> Json:
    """The payment method with this customer: a test card's name makes a new one. Raises 402 for a card that is declined at once."""
    method = _made(account, name) if name in CARDS else account.get("payment_method", name, "payment_method")
    card = card_of(method)
    if card.declined_at_attaching:
        raise declined("card_declined", MESSAGES[card.decline or "generic_decline"], card.decline)
    if method["customer"] not in (None, customer["id"]):
        raise invalid(
            "The payment method you provided has already been attached to a customer.", "payment_method"
        )
    if method["customer"] is None:
        method["customer"] = customer["id"]
        account.emit("payment_method.attached", method)
    return method


def _made(account: Account, name: str) -> Json:
    card = CARDS[name]
    return account.keep({
        "id": account.new_id("pm"), "object": "payment_method", "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "card": {
            "brand": card.brand, "checks": {"cvc_check": "pass"}, "country": "DE", "display_brand": card.brand,
            "exp_month": 12, "exp_year": 2034, "fingerprint": f"sandbox{card.last4}", "funding": "credit",
            "last4": card.last4, "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True}, "wallet": None,
        },
        "created": account.now(), "customer": None, "livemode": False, "metadata": {}, "type": "card", "_card": name,
    })  # fmt: skip


def _create(call: Call) -> Json:
    call.params.choice("type", ("card",), "card")
    token = call.params.sub("card").only("token").text("token") or "tok_visa"
    name = token.replace("tok_", "pm_card_", 1)
    if name not in CARDS:
        raise invalid(f"No such token: '{token}'", "card[token]", "resource_missing")
    method = _made(call.account, name)
    method["metadata"] = call.params.metadata()
    return method


def _retrieve(call: Call) -> Json:
    return call.account.get("payment_method", call.id)


def _attach(call: Call) -> Json:
    customer = call.account.get("customer", call.params.required("customer"), "customer")
    return attached(call.account, call.id, customer)


def _detach(call: Call) -> Json:
    method = call.account.get("payment_method", call.id)
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer.", "payment_method")
    for customer in call.account.all("customer"):
        if customer["invoice_settings"]["default_payment_method"] == method["id"]:
            with call.account.changing(customer, "customer.updated"):
                customer["invoice_settings"]["default_payment_method"] = None
    for subscription in call.account.all("subscription"):
        if subscription["default_payment_method"] == method["id"]:
            subscription["default_payment_method"] = None
    method["customer"] = None
    call.account.emit("payment_method.detached", method)
    return method


def _list(call: Call) -> Json:
    meets = equal(call, "customer", "type")
    methods = [m for m in call.account.all("payment_method") if m["customer"] and meets(m)]
    return page(call, methods, "/v1/payment_methods")


def _list_of_customer(call: Call) -> Json:
    customer = call.account.get("customer", call.id)
    methods = [m for m in call.account.all("payment_method") if m["customer"] == customer["id"]]
    return page(call, methods, f"/v1/customers/{customer['id']}/payment_methods")


OPERATIONS: list[Operation] = [
    operation("POST", "/v1/payment_methods", _create, "type card metadata"),
    operation("GET", "/v1/payment_methods", _list, f"{PAGING} customer type"),
    operation("GET", "/v1/payment_methods/{id}", _retrieve),
    operation("POST", "/v1/payment_methods/{id}/attach", _attach, "customer"),
    operation("POST", "/v1/payment_methods/{id}/detach", _detach),
    operation("GET", "/v1/customers/{id}/payment_methods", _list_of_customer, f"{PAGING} type"),
]
