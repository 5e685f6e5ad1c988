"""Billing meters."""

from __future__ import annotations

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.listing import equal, page
from sandbox.stripe.state import Json
from sandbox.stripe.usage import used

_KIND, _PATH = "billing.meter", "/v1/billing/meters"
_STEPS = {"hour": 3600, "day": 86400}


def _create(call: Call) -> Json:
    account, params = call.account, call.params
    name = params.required("event_name")
    if any(meter["event_name"] == name and meter["status"] == "active" for meter in account.all(_KIND)):
        raise StripeError(
            f"An active meter with the event name {name} already exists.",
            code="resource_already_exists",
            param="event_name",
        )
    aggregation = params.sub("default_aggregation").only("formula")
    aggregation.required("formula")
    mapping = params.sub("customer_mapping").only("type", "event_payload_key")
    mapping.choice("type", ("by_id",), "by_id")
    values = params.sub("value_settings").only("event_payload_key")
    now = account.now()
    record: Json = {
        "id": account.new_id("mtr_test"), "object": _KIND, "created": now,
        "customer_mapping": {"event_payload_key": mapping.text("event_payload_key", "stripe_customer_id"), "type": "by_id"},
        "default_aggregation": {"formula": aggregation.choice("formula", ("sum", "count", "last"))},
        "display_name": params.required("display_name"), "event_name": name,
        "event_time_window": params.choice("event_time_window", ("day", "hour")), "livemode": False,
        "status": "active", "status_transitions": {"deactivated_at": None}, "updated": now,
        "value_settings": {"event_payload_key": values.text("event_payload_key", "value")},
    }  # fmt: skip
    account.keep(record)
    account.emit("billing.meter.created", record)
    return record


def _update(call: Call) -> Json:
    record = call.account.get(_KIND, call.id)
    with call.account.changing(record, "billing.meter.updated"):
        record["display_name"] = call.params.text("display_name", record["display_name"])
        record["updated"] = call.account.now()
    return record


def _deactivate(call: Call) -> Json:
    return _switch(call, "inactive", "billing.meter.deactivated")


def _reactivate(call: Call) -> Json:
    return _switch(call, "active", "billing.meter.reactivated")


def _switch(call: Call, status: str, event: str) -> Json:
    record, now = call.account.get(_KIND, call.id), call.account.now()
    if record["status"] == status:
        raise StripeError(f"The meter is already {status}.")
    record |= {"status": status, "updated": now}
    record["status_transitions"] = {"deactivated_at": now if status == "inactive" else None}
    call.account.emit(event, record)
    return record


def _retrieve(call: Call) -> Json:
    return call.account.get(_KIND, call.id)


def _list(call: Call) -> Json:
    meets = equal(call, "status")
    return page(call, [meter for meter in call.account.all(_KIND) if meets(meter)], _PATH)


def _summaries(call: Call) -> Json:
    """What was counted for a customer between two times, as a whole, or by the hour or the day (UTC)."""
    account, params = call.account, call.params
    meter = account.get(_KIND, call.id)
    customer = account.get("customer", params.required("customer"), "customer")["id"]
    for name in ("start_time", "end_time"):
        params.required(name)
    start, end = params.integer("start_time") or 0, params.integer("end_time") or 0
    window = params.choice("value_grouping_window", tuple(_STEPS))
    step = 60 if window is None else _STEPS[window]
    if start >= end:
        raise invalid("start_time must be before end_time.", "start_time")
    if start % step or end % step:
        raise invalid(
            f"start_time and end_time must be aligned with {window or 'minute'} boundaries (UTC).",
            "start_time",
        )
    bounds = [(start, end)] if window is None else [(at, at + step) for at in range(start, end, step)]
    summaries: list[Json] = [
        {
            "id": f"mtrsum_{meter['id'][-10:]}_{a}_{b}", "object": "billing.meter_event_summary",
            "aggregated_value": float(value), "end_time": b, "livemode": False, "meter": meter["id"], "start_time": a,
        }
        for a, b in bounds
        if (value := used(account, meter, customer, a, b)) or window is None
    ]  # fmt: skip
    return page(call, summaries, f"{_PATH}/{meter['id']}/event_summaries")


OPERATIONS: list[Operation] = [
    operation(
        "POST", _PATH, _create,
        "display_name event_name default_aggregation customer_mapping value_settings event_time_window",
    ),
    operation("GET", _PATH, _list, f"{PAGING} status"),
    operation("GET", f"{_PATH}/{{id}}", _retrieve),
    operation("POST", f"{_PATH}/{{id}}", _update, "display_name"),
    operation("POST", f"{_PATH}/{{id}}/deactivate", _deactivate),
    operation("POST", f"{_PATH}/{{id}}/reactivate", _reactivate),
    operation(
        "GET", f"{_PATH}/{{id}}/event_summaries", _summaries,
        f"{PAGING} customer start_time end_time value_grouping_window",
    ),
]  # fmt: skip
