"""The pure parts: shares of a period, tiers, months."""

from datetime import UTC, datetime
from decimal import Decimal

from sandbox.stripe.calendar import after, period_at
from sandbox.stripe.pricing import Tier, graduated, packages, volume
from sandbox.stripe.proration import share


def test_a_share_is_what_is_left_of_a_period_rounded_away_from_zero() -> None:
    assert [share(1_000, 0, 100, moment) for moment in (0, 33, 100, 101)] == [1_000, 670, 0, 0]
    assert share(1, 0, 2, 1) == 1
    assert share(100, 0, 3, 1) == 67


def test_tiers_are_volume_or_graduated_and_packages_are_whole() -> None:
    tiers = [Tier(10, Decimal(5), Decimal(0)), Tier(None, Decimal(3), Decimal(100))]
    assert sum(part.amount for part in graduated(tiers, Decimal(12))) == 10 * 5 + 2 * 3 + 100
    assert sum(part.amount for part in volume(tiers, Decimal(12))) == 12 * 3 + 100
    assert [part.amount for part in packages(Decimal(7), Decimal(11), 5, "up")] == [21]
    assert [part.amount for part in packages(Decimal(7), Decimal(11), 5, "down")] == [14]


def test_a_month_keeps_the_day_of_the_anchor_where_it_has_one() -> None:
    anchor = int(datetime(2027, 12, 31, 9, 0, tzinfo=UTC).timestamp())
    days = [datetime.fromtimestamp(after(anchor, "month", 1, number), UTC).day for number in range(5)]
    assert days == [31, 31, 29, 31, 30]
    middle = int(datetime(2028, 3, 1, tzinfo=UTC).timestamp())
    assert period_at(anchor, "month", 1, middle) == (
        after(anchor, "month", 1, 2),
        after(anchor, "month", 1, 3),
    )
    assert period_at(anchor, "month", 1, anchor - 1)[1] == anchor
