"""Proration by the second."""

from __future__ import annotations

from decimal import Decimal

from sandbox.stripe.pricing import whole


def share(amount: int, start: int, end: int, moment: int) -> int:
    """The part of an amount for the time from a moment to the period's end.

    `amount` is in the smallest unit, the times are unix seconds; the result is rounded, halves away from zero:
    `amount × (end − moment) ÷ (end − start)`.
    """
    if end <= start:
        return 0
    left = min(max(end - moment, 0), end - start)
    return whole(Decimal(amount) * left / (end - start))
