"""Test clocks: the time of their customers goes forward when it is told to."""

from __future__ import annotations

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.listing import page
from sandbox.stripe.state import Json
from sandbox.stripe.timeline import Timeline

_KIND, _PATH = "test_helpers.test_clock", "/v1/test_helpers/test_clocks"
_LIFE_SECONDS = 30 * 86400


def _create(call: Call) -> Json:
    call.params.required("frozen_time")
    frozen = call.params.integer("frozen_time", least=0) or 0
    now = call.account.now()
    record: Json = {
        "id": call.account.new_id("clock"), "object": _KIND, "created": now, "deletes_after": now + _LIFE_SECONDS,
        "frozen_time": frozen, "livemode": False, "name": call.params.text("name"), "status": "ready",
        "status_details": {},
    }  # fmt: skip
    call.account.keep(record)
    call.account.clocks[record["id"]] = Timeline(frozen)
    call.account.emit("test_helpers.test_clock.created", record)
    return record


def _advance(call: Call) -> Json:
    """Everything up to the new time is done before the clock is read again, as when Stripe has finished."""
    account, record = call.account, call.account.get(_KIND, call.id)
    call.params.required("frozen_time")
    to = call.params.integer("frozen_time") or 0
    if to <= record["frozen_time"]:
        raise invalid("Invalid frozen_time: must be after the clock's current frozen_time.", "frozen_time")
    if to > record["frozen_time"] + _furthest(call, record["id"]):
        raise StripeError(
            "You can only advance a test clock two intervals of the shortest subscription at once.",
            param="frozen_time",
        )
    record |= {
        "frozen_time": to,
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": to}},
    }
    account.emit("test_helpers.test_clock.advancing", record)
    answer = dict(record)
    account.clocks[record["id"]].advance(to)
    record |= {"status": "ready", "status_details": {}}
    account.emit("test_helpers.test_clock.ready", record)
    return answer


def _furthest(call: Call, clock: str) -> int:
    days = {"day": 1, "week": 7, "month": 31, "year": 366}
    lengths = [
        days[item["price"]["recurring"]["interval"]] * item["price"]["recurring"]["interval_count"]
        for subscription in call.account.all("subscription")
        if subscription["test_clock"] == clock
        and subscription["status"] not in ("canceled", "incomplete_expired")
        for item in subscription["items"]["data"]
    ]
    return 2 * 86400 * min(lengths, default=366)


def _retrieve(call: Call) -> Json:
    return call.account.get(_KIND, call.id)


def _list(call: Call) -> Json:
    return page(call, call.account.all(_KIND), _PATH)


def _delete(call: Call) -> Json:
    """Delete it with its customers, whose subscriptions are cancelled."""
    from sandbox.stripe.customers import removed

    account, record = call.account, call.account.get(_KIND, call.id)
    for customer in account.all("customer"):
        if customer["test_clock"] == record["id"]:
            removed(account, customer)
    account.emit("test_helpers.test_clock.deleted", record)
    record["deleted"] = True
    return {"id": record["id"], "object": _KIND, "deleted": True}


OPERATIONS: list[Operation] = [
    operation("POST", _PATH, _create, "frozen_time name"),
    operation("GET", _PATH, _list, PAGING),
    operation("GET", f"{_PATH}/{{id}}", _retrieve),
    operation("POST", f"{_PATH}/{{id}}/advance", _advance, "frozen_time"),
    operation("DELETE", f"{_PATH}/{{id}}", _delete),
]
