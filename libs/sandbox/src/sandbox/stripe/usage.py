"""What a meter counted for a customer in a time."""

from __future__ import annotations

from decimal import Decimal

from sandbox.stripe.state import Account, Json


def used(account: Account, meter: Json, customer: str, start: int, end: int) -> Decimal:
    """The meter's value over its events with start <= timestamp < end: their sum, their number, or the last one."""
    own = [
        event
        for event in account.meter_events.get(f"{meter['id']} {customer}", [])
        if start <= event["timestamp"] < end and not event["_cancelled"]
    ]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(own))
    if formula == "last":
        return max(own, key=lambda event: event["timestamp"])["_value"] if own else Decimal(0)
    return sum((event["_value"] for event in own), Decimal(0))
