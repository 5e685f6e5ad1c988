"""Those fields of a subscription that are only written down."""

from __future__ import annotations

from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.params import Params
from sandbox.stripe.state import Account, Json

CHANGEABLE = (
    "items metadata description default_payment_method collection_method days_until_due cancel_at_period_end cancel_at "
    "proration_behavior payment_behavior billing_cycle_anchor trial_end trial_settings payment_settings "
    "automatic_tax invoice_settings off_session"
)
PAYMENT_BEHAVIOURS = (
    "allow_incomplete",
    "default_incomplete",
    "error_if_incomplete",
    "pending_if_incomplete",
)
_MISSING = ("create_invoice", "cancel", "pause")
_PAUSES = ("keep_as_draft", "mark_uncollectible", "void")


def write_plain(account: Account, record: Json, params: Params) -> None:
    """Take over what needs no reckoning."""
    record["metadata"] = params.metadata(record["metadata"])
    if "description" in params:
        record["description"] = params.text("description")
    if params.text("payment_behavior") == "pending_if_incomplete":
        raise StripeError("The sandbox has no pending updates.", param="payment_behavior")
    if "default_payment_method" in params:
        record["default_payment_method"] = _own_method(account, record, params.text("default_payment_method"))
    record["collection_method"] = params.choice(
        "collection_method", ("charge_automatically", "send_invoice"), record["collection_method"]
    )
    if "days_until_due" in params:
        record["days_until_due"] = params.integer("days_until_due", least=0)
    if record["collection_method"] == "send_invoice" and record["days_until_due"] is None:
        raise missing_parameter("days_until_due")
    if params.sub("automatic_tax").flag("enabled"):
        raise StripeError("The sandbox reckons no taxes.", param="automatic_tax[enabled]")
    settings = params.sub("payment_settings")
    for name in ("payment_method_types", "payment_method_options", "save_default_payment_method"):
        if name in settings:
            record["payment_settings"][name] = settings.raw[name]
    _write_cancellation(account, record, params)


def _write_cancellation(account: Account, record: Json, params: Params) -> None:
    now = account.now(record)
    if "cancel_at" in params:
        at = params.integer("cancel_at")
        if at is not None and at <= now:
            raise invalid("cancel_at must be in the future.", "cancel_at")
        record |= {"cancel_at": at, "canceled_at": now if at else None}
    if "cancel_at_period_end" in params:
        wanted = params.flag("cancel_at_period_end")
        items = record["items"]["data"]
        record |= {
            "cancel_at_period_end": wanted, "canceled_at": now if wanted else None,
            "cancel_at": items[0]["current_period_end"] if wanted and items else None,
        }  # fmt: skip
        record["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None
    details = params.sub("cancellation_details")
    for name in ("comment", "feedback"):
        if name in details:
            record["cancellation_details"][name] = details.text(name)


def write_pause(record: Json, params: Params) -> None:
    """Pause collecting, or (with an empty value) go on."""
    if "pause_collection" not in params:
        return
    given = params.sub("pause_collection").only("behavior", "resumes_at")
    if not given.raw:
        record["pause_collection"] = None
        return
    given.required("behavior")
    record["pause_collection"] = {
        "behavior": given.choice("behavior", _PAUSES), "resumes_at": given.integer("resumes_at"),
    }  # fmt: skip


def trial_settings(params: Params) -> Json:
    """What happens at the end of a trial."""
    behaviour = params.sub("end_behavior").only("missing_payment_method")
    missing = behaviour.choice("missing_payment_method", _MISSING, "create_invoice")
    return {"end_behavior": {"missing_payment_method": missing}}


def _own_method(account: Account, record: Json, name: str | None) -> str | None:
    if name is None:
        return None
    method = account.get("payment_method", name, "default_payment_method")
    if method["customer"] != record["customer"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {name}. The payment method must be attached to the customer.",
            "default_payment_method",
            "resource_missing",
        )
    return name
