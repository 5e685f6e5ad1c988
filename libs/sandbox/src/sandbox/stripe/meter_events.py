"""Meter events: taken at once, looked at afterwards; what is wrong with one comes as an event, not as an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from sandbox.stripe.call import Call, Operation, operation
from sandbox.stripe.errors import StripeError, invalid, missing_parameter
from sandbox.stripe.state import Account, Json

_PAST, _AHEAD, _ONCE = 35 * 86400, 5 * 60, 86400
_MISTAKES = {
    "meter_event_customer_not_found": "Customer mapping key {customer!r} in payload does not refer to a valid customer.",
    "meter_event_no_customer_defined": "Customer mapping key not found in payload.",
    "meter_event_value_not_found": "Value key not found in payload.",
    "meter_event_invalid_value": "Invalid value in payload: {value!r}.",
    "archived_meter": "The meter is inactive.",
    "no_meter": "No meter found for event name {name!r}.",
}


def _create(call: Call) -> Json:
    return _taken(call, seconds=call.params.integer("timestamp"), version="v1")


def _create_v2(call: Call) -> Json:
    record = dict(_taken(call, seconds=_seconds(call.params.text("timestamp")), version="v2"))
    record |= {
        "object": "v2.billing.meter_event",
        "created": iso(record["created"]),
        "timestamp": iso(record["timestamp"]),
    }
    return record


def _create_session(call: Call) -> Json:
    now = call.account.now()
    return call.account.keep({
        "id": call.account.new_id("mes_test"), "object": "v2.billing.meter_event_session", "_expires": now + 900,
        "authentication_token": call.account.new_id("token_test"), "created": iso(now),
        "expires_at": iso(now + 900), "livemode": False,
    })  # fmt: skip


def _stream(call: Call) -> Json:
    """Up to a hundred events; a duplicate among them is only reported afterwards."""
    events = list(call.params.each("events"))
    if not 1 <= len(events) <= 100:
        raise invalid("Pass between 1 and 100 events.", "events")
    for given in events:
        part = Call(call.account, given, call.path, call.base)
        _taken(part, seconds=_seconds(given.text("timestamp")), version="v2", is_stream=True)
    return {}


def _taken(call: Call, *, seconds: int | None, version: str, is_stream: bool = False) -> Json:
    account, params = (
        call.account,
        call.params.only("event_name", "payload", "identifier", "timestamp", "expand"),
    )
    name = params.required("event_name")
    if not params.sub("payload").raw:
        raise missing_parameter("payload")
    payload = {key: str(value) for key, value in params.sub("payload").raw.items()}
    meter = next((m for m in account.all("billing.meter") if m["event_name"] == name), None)
    customer = payload.get(meter["customer_mapping"]["event_payload_key"], "") if meter else ""
    now = account.now(account.tables.get("customer", {}).get(customer))
    timestamp = now if seconds is None else seconds
    if timestamp < now - _PAST:
        raise _out_of_time(
            "timestamp_too_far_in_past", "The timestamp is more than 35 days in the past.", version
        )
    if timestamp > now + _AHEAD:
        raise _out_of_time(
            "timestamp_in_future", "The timestamp is more than 5 minutes in the future.", version
        )
    identifier = params.text("identifier") or account.new_id("mevt")
    # Recorded by the second of arrival: the same identifier is refused for a day, as Stripe promises at least.
    known = account.tables.get("billing.meter_event", {}).get(identifier)
    if known is not None and account.own_clock.now - known["_arrived"] < _ONCE:
        if is_stream:
            return known
        code = "duplicate_meter_event" if version == "v2" else None
        raise StripeError(f"An event already exists with identifier {identifier}.", code=code)
    record: Json = {
        "id": identifier, "object": "billing.meter_event", "created": now, "event_name": name,
        "identifier": identifier, "livemode": False, "payload": payload, "timestamp": timestamp,
        "_arrived": account.own_clock.now, "_cancelled": False, "_value": Decimal(0),
    }  # fmt: skip
    account.keep(record)
    account.later(lambda: _looked_at(account, record, meter, customer))
    return record


def _out_of_time(code: str, message: str, version: str) -> StripeError:
    return StripeError(message, code=code if version == "v2" else None, param="timestamp")


def _looked_at(account: Account, record: Json, meter: Json | None, customer: str) -> None:
    """Count the event, or report why it cannot be."""
    mistake = _mistake(account, record, meter, customer)
    if mistake is None and meter is not None:
        account.meter_events.setdefault(f"{meter['id']} {customer}", []).append(record)
        return
    code = mistake or "no_meter"
    message = _MISTAKES[code].format(
        customer=customer, name=record["event_name"], value=_raw_value(record, meter) if meter else ""
    )
    report(account, meter, code, message, record["identifier"])


def _mistake(account: Account, record: Json, meter: Json | None, customer: str) -> str | None:
    if meter is None:
        return "no_meter"
    if meter["status"] != "active":
        return "archived_meter"
    if not customer:
        return "meter_event_no_customer_defined"
    held = account.tables.get("customer", {}).get(customer)
    if held is None or held.get("deleted"):
        return "meter_event_customer_not_found"
    if meter["default_aggregation"]["formula"] == "count":
        return None
    value = _raw_value(record, meter)
    if value is None:
        return "meter_event_value_not_found"
    try:
        record["_value"] = Decimal(value)
    except InvalidOperation:
        return "meter_event_invalid_value"
    return None if record["_value"].is_finite() else "meter_event_invalid_value"


def _raw_value(record: Json, meter: Json) -> str | None:
    return record["payload"].get(meter["value_settings"]["event_payload_key"])


def report(account: Account, meter: Json | None, code: str, message: str, identifier: str) -> None:
    """Make the thin event that says what was wrong with a meter event."""
    now = account.own_clock.now
    kind = "v1.billing.meter.no_meter_found" if meter is None else "v1.billing.meter.error_report_triggered"
    reason_code = "no_meter" if meter is None else code
    sample = {"error_message": message, "request": {"identifier": identifier}}
    related = None
    if meter is not None:
        related = {"id": meter["id"], "type": "billing.meter", "url": f"/v1/billing/meters/{meter['id']}"}
    event = account.keep({
        "id": account.new_id("evt_test"), "object": "v2.core.event", "created": iso(now), "livemode": False,
        "type": kind, "context": None, "reason": None, "related_object": related, "pending_webhooks": 0,
        "data": {
            "developer_message_summary": f"There is 1 invalid event: {message}",
            "reason": {
                "error_count": 1,
                "error_types": [{"code": reason_code, "error_count": 1, "sample_errors": [sample]}],
            },
            "validation_start": iso(now), "validation_end": iso(now),
        },
    })  # fmt: skip
    account.announce(event)


def _retrieve_thin(call: Call) -> Json:
    return call.account.get("v2.core.event", call.id)


def _adjust(call: Call) -> Json:
    """Cancel an event of the last 24 hours, which is then not counted."""
    account, params = call.account, call.params
    params.choice("type", ("cancel",))
    name, identifier = (
        params.required("event_name"),
        params.sub("cancel").only("identifier").required("identifier"),
    )
    record = account.tables.get("billing.meter_event", {}).get(identifier)
    if record is None or record["event_name"] != name:
        raise StripeError(
            f"No such meter event: '{identifier}'", code="resource_missing", param="cancel[identifier]"
        )
    if account.own_clock.now - record["_arrived"] > _ONCE:
        raise invalid("Only events of the last 24 hours can be cancelled.", "cancel[identifier]")
    record["_cancelled"] = True
    return {
        "object": "billing.meter_event_adjustment", "cancel": {"identifier": identifier}, "event_name": name,
        "livemode": False, "status": "pending", "type": "cancel",
    }  # fmt: skip


def _adjust_v2(call: Call) -> Json:
    answer = _adjust(call)
    answer |= {
        "id": call.account.new_id("mtradj_test"), "object": "v2.billing.meter_event_adjustment",
        "created": iso(call.account.now()), "status": "pending",
    }  # fmt: skip
    return answer


def iso(second: int) -> str:
    """A time as version 2 of the interface writes it."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _seconds(written: str | None) -> int | None:
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise invalid(f"Invalid timestamp: {written}", "timestamp") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


OPERATIONS: list[Operation] = [
    operation("POST", "/v1/billing/meter_events", _create, "event_name payload identifier timestamp"),
    operation("POST", "/v1/billing/meter_event_adjustments", _adjust, "type event_name cancel"),
    operation("POST", "/v2/billing/meter_events", _create_v2, "event_name payload identifier timestamp"),
    operation("POST", "/v2/billing/meter_event_adjustments", _adjust_v2, "type event_name cancel"),
    operation("POST", "/v2/billing/meter_event_session", _create_session),
    operation("POST", "/v2/billing/meter_event_stream", _stream, "events"),
    operation("GET", "/v2/core/events/{id}", _retrieve_thin),
]
