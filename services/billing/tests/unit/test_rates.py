"""Graduated tiers: what is included costs nothing, and it makes no difference in how many records use comes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.rates import Tier, charge, each_at, flat, is_flat, rate_flaw

INCLUDED = (Tier(1000, Decimal(0)), Tier(5000, Decimal("0.02")), Tier(None, Decimal("0.01")))


@pytest.mark.parametrize(
    ("quantity", "owed"),
    [(0, "0"), (1000, "0"), (1001, "0.02"), (5000, "80.00"), (5001, "80.01"), (7000, "100.00")],
)
def test_a_thousand_are_included_and_what_lies_in_a_tier_costs_that_tiers_price(
    quantity: int, owed: str
) -> None:
    assert charge(INCLUDED, quantity) == Decimal(owed)


@given(st.lists(st.integers(0, 4000), max_size=12))
def test_use_in_many_records_costs_what_it_costs_in_one(quantities: list[int]) -> None:
    before, owed = 0, Decimal(0)
    for quantity in quantities:
        owed += charge(INCLUDED, quantity, before=before)
        before += quantity

    assert owed == charge(INCLUDED, before)


def test_the_price_of_the_last_is_that_of_the_tier_that_was_reached() -> None:
    assert [each_at(INCLUDED, used) for used in (0, 1000, 1001, 5001)] == [
        Decimal(0), Decimal(0), Decimal("0.02"), Decimal("0.01")
    ]  # fmt: skip
    assert is_flat(flat(Decimal("0.05")))
    assert not is_flat(INCLUDED)


@pytest.mark.parametrize(
    ("tiers", "why"),
    [
        ((), "has an end"),
        ((Tier(10, Decimal(0)),), "has an end"),
        ((Tier(10, Decimal(0)), Tier(10, Decimal(1)), Tier(None, Decimal(1))), "do not rise"),
        ((Tier(None, Decimal(0)), Tier(None, Decimal(1))), "do not rise"),
        ((Tier(0, Decimal(0)), Tier(None, Decimal(1))), "do not rise"),
        ((Tier(10, Decimal(-1)), Tier(None, Decimal(1))), "negative"),
    ],
)
def test_a_rate_that_cannot_be_says_why(tiers: tuple[Tier, ...], why: str) -> None:
    assert why in (rate_flaw(tiers) or "")
