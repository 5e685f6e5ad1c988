"""What the sandbox takes is what Stripe has: every parameter is one of the SDK's."""

import importlib
import inspect
import typing

import pytest

from sandbox.stripe.call import Operation
from sandbox.stripe.routes import OPERATIONS

_NOUNS = {
    "/v1/customers": "_customer", "/v1/products": "_product", "/v1/prices": "_price",
    "/v1/subscriptions": "_subscription", "/v1/invoices": "_invoice", "/v1/invoiceitems": "_invoice_item",
    "/v1/credit_notes": "_credit_note", "/v1/events": "_event", "/v1/webhook_endpoints": "_webhook_endpoint",
    "/v1/checkout/sessions": "checkout._session", "/v1/billing_portal/sessions": "billing_portal._session",
    "/v1/billing/meters": "billing._meter", "/v1/billing/meter_events": "billing._meter_event",
    "/v1/billing/meter_event_adjustments": "billing._meter_event_adjustment",
    "/v1/test_helpers/test_clocks": "test_helpers._test_clock", "/v1/payment_methods": "_payment_method",
}  # fmt: skip
_LAST = {
    "attach",
    "detach",
    "expire",
    "pay",
    "send",
    "void",
    "mark_uncollectible",
    "advance",
    "search",
    "resume",
    "deactivate",
    "reactivate",
    "create_preview",
}
_NAMES = {"finalize": "finalize_invoice", "send": "send_invoice", "void": "void_invoice"}


def _of_the_sdk(operation: Operation) -> set[str] | None:
    """The SDK's parameters of an operation; None when it is none of the plain ones."""
    base, _, rest = operation.path.partition("/{id}")
    verb = (
        rest.strip("/")
        or {
            "POST": "update" if "{id}" in operation.path else "create",
            "GET": "retrieve" if "{id}" in operation.path else "list",
            "DELETE": "delete",
        }[operation.method]
    )
    if base not in _NOUNS and base.rpartition("/")[2] in _LAST:
        base, _, verb = base.rpartition("/")
    if base == "/v1/subscriptions" and operation.method == "DELETE":
        verb = "cancel"
    if (
        base not in _NOUNS
        or "/" in verb
        or verb in ("balance_transactions", "payment_methods", "line_items", "lines", "event_summaries")
    ):
        return None
    module = importlib.import_module(f"stripe.params.{_NOUNS[base]}_{_NAMES.get(verb, verb)}_params")
    wanted = module.__name__.rpartition("._")[2].replace("_", "")
    name = next(n for n, _ in inspect.getmembers(module, inspect.isclass) if n.lower() == wanted)
    return set(typing.cast("type", getattr(module, name)).__annotations__)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda known: f"{known.method} {known.path}")
def test_every_parameter_is_one_that_stripe_has(operation: Operation) -> None:
    known = _of_the_sdk(operation)
    if known is not None:
        assert operation.parameters - known - {"expand"} == set()
