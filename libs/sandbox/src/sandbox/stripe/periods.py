"""A subscription's period, and what its items cost for one."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.stripe import lines
from sandbox.stripe.calendar import period_at
from sandbox.stripe.state import Account, Json


def customer_of(account: Account, subscription: Json) -> Json:
    """Whose subscription it is."""
    return account.tables["customer"][subscription["customer"]]


def items_of(subscription: Json) -> list[Json]:
    """Its items."""
    items: list[Json] = subscription["items"]["data"]
    return items


def period_of(subscription: Json) -> tuple[int, int]:
    """The period in which it is; all items share one."""
    first = items_of(subscription)[0]
    return first["current_period_start"], first["current_period_end"]


def natural_period(subscription: Json, moment: int) -> tuple[int, int]:
    """The period by its anchor in which a moment lies."""
    recurring = items_of(subscription)[0]["price"]["recurring"]
    anchor = subscription["billing_cycle_anchor"]
    return period_at(anchor, recurring["interval"], recurring["interval_count"], moment)


def advance_lines(account: Account, subscription: Json) -> list[Json]:
    """What the licensed items cost for the present period."""
    start, end = period_of(subscription)
    return [
        line
        for item in items_of(subscription)
        for line in lines.licensed(account, subscription, item, start, end)
    ]


def arrears_lines(account: Account, subscription: Json, start: int, end: int) -> list[Json]:
    """What was used of the metered items in a period."""
    return used(account, subscription, items_of(subscription), (start, end))


def used(account: Account, subscription: Json, items: Sequence[Json], period: tuple[int, int]) -> list[Json]:
    """What was used of these items; one that came within the period counts from then on."""
    start, end = period
    return [
        line
        for item in items
        for line in lines.metered(account, subscription, item, max(start, item["_used_since"]), end)
    ]
