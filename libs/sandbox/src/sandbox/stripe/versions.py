"""Events as an endpoint of an older API version gets them, for a receiver that must not read one as the other."""

from __future__ import annotations

from sandbox.stripe.state import Json

_BASIL = "2025-03-31"


def as_of(version: str, event: Json) -> Json:
    """The event in another version: before 2025-03-31 a subscription had the period, and an invoice its subscription."""
    event["api_version"] = version
    if version[:10] >= _BASIL:
        return event
    record = event["data"]["object"]
    if record["object"] == "subscription":
        first = record["items"]["data"][0]
        for name in ("current_period_start", "current_period_end"):
            record[name] = first[name]
            for item in record["items"]["data"]:
                item.pop(name, None)
    if record["object"] == "invoice":
        parent = record.pop("parent", None)
        record["subscription"] = parent["subscription_details"]["subscription"] if parent else None
        record["subscription_details"] = (
            {"metadata": parent["subscription_details"]["metadata"]} if parent else None
        )
        record["paid"] = record["status"] == "paid"
    return event
