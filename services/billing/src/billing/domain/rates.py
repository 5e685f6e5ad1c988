"""Rates: what a unit of use costs, the same for each or in graduated tiers; an included quantity is a first tier at nothing.

Graduated as Stripe reckons it (`tiers_mode=graduated`): the units within each tier cost that tier's price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a rate: up to so many of a period, inclusive (None is without end), each at that price."""

    up_to: int | None
    each: Decimal


Rate = tuple[Tier, ...]


def flat(each: Decimal) -> Rate:
    """A rate at which every unit costs the same."""
    return (Tier(None, each),)


def is_flat(rate: Rate) -> bool:
    """Whether it makes no difference how much was used before."""
    return len(rate) == 1


def charge(rate: Rate, quantity: int, *, before: int = 0) -> Decimal:
    """What so many units cost after so many of the same period, unrounded."""
    total, below = Decimal(0), 0
    for tier in rate:
        top = before + quantity if tier.up_to is None else min(before + quantity, tier.up_to)
        total += tier.each * max(0, top - max(below, before))
        below = top
    return total


def each_at(rate: Rate, used: int) -> Decimal:
    """The price of the last of so many units."""
    return next(tier.each for tier in rate if tier.up_to is None or used <= tier.up_to)


def rate_flaw(rate: Rate) -> str | None:
    """What is wrong with a rate."""
    tops = [tier.up_to for tier in rate]
    if not rate or tops[-1] is not None:
        return "whose last tier has an end"
    ends = [top for top in tops[:-1] if top is not None]
    if len(ends) < len(rate) - 1 or any(top <= below for below, top in zip([0, *ends], ends, strict=False)):
        return "whose tiers do not rise"
    if any(not tier.each.is_finite() or tier.each < 0 for tier in rate):
        return "with a negative price"
    return None
