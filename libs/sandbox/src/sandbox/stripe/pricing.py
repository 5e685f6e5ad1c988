"""What a quantity of a price costs, in the currency's smallest unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a tiered price: up to (inclusive; None is without end) so many, each at, and once for the tier."""

    up_to: int | None
    unit: Decimal
    flat: Decimal


@dataclass(frozen=True, slots=True)
class Charge:
    """A part of what is to be paid: so many units at so much, with the number of its tier (from 1), if it has one."""

    quantity: Decimal
    unit: Decimal
    amount: int
    tier: int | None = None
    is_flat: bool = False


def whole(amount: Decimal) -> int:
    """An amount rounded to the smallest unit, halves away from zero."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def per_unit(unit: Decimal, quantity: Decimal) -> list[Charge]:
    """Every unit costs the same."""
    return [Charge(quantity, unit, whole(unit * quantity))]


def packages(unit: Decimal, quantity: Decimal, size: int, rounding: str) -> list[Charge]:
    """So much for each package of a size, a part of one rounded up or down."""
    full, rest = divmod(quantity, size)
    count = full + (1 if rest and rounding == "up" else 0)
    return [Charge(quantity, unit, whole(unit * count))]


def volume(tiers: Sequence[Tier], quantity: Decimal) -> list[Charge]:
    """All units at the price of the tier in which their number lies."""
    number, tier = next((n, t) for n, t in enumerate(tiers, 1) if t.up_to is None or quantity <= t.up_to)
    return _of_tier(tier, number, quantity)


def graduated(tiers: Sequence[Tier], quantity: Decimal) -> list[Charge]:
    """The units in each tier at that tier's price; the first tier is charged even for none."""
    charges: list[Charge] = []
    below = Decimal(0)
    for number, tier in enumerate(tiers, 1):
        top = quantity if tier.up_to is None else min(quantity, Decimal(tier.up_to))
        if number > 1 and top <= below:
            break
        charges += _of_tier(tier, number, top - below)
        below = top
    return charges


def _of_tier(tier: Tier, number: int, quantity: Decimal) -> list[Charge]:
    charges = [Charge(quantity, tier.unit, whole(tier.unit * quantity), number)]
    if tier.flat:
        charges.append(Charge(Decimal(0), tier.flat, whole(tier.flat), number, is_flat=True))
    return charges
