"""When a company is open, by the clock on its wall: on ordinary days, on holidays, and when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts.tenants.hours import WEEKDAYS, BusinessHours, OpenSpan, SpecialDay

VIENNA = "Europe/Vienna"
NINE_TO_NOON, AFTERNOON = OpenSpan(opens="09:00", closes="12:00"), OpenSpan(opens="13:00", closes="17:30")
OFFICE = BusinessHours(
    week={"monday": (NINE_TO_NOON, AFTERNOON), "thursday": (NINE_TO_NOON,)},
    holidays=(
        SpecialDay(day=date(2026, 10, 26), name="Nationalfeiertag"),
        SpecialDay(
            day=date(2026, 12, 24), name="Heiliger Abend", spans=(OpenSpan(opens="08:00", closes="10:00"),)
        ),
    ),
)


def vienna(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(VIENNA), fold=fold)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-16T08:59:59", False),
        ("2026-11-16T09:00", True),
        ("2026-11-16T11:59:59", True),
        ("2026-11-16T12:00", False),
        ("2026-11-16T13:00", True),
        ("2026-11-16T17:30", False),
        ("2026-11-17T10:00", False),
        ("2026-11-19T10:00", True),
        ("2026-11-19T14:00", False),
    ],
)
def test_several_spans_a_day_open_with_their_first_minute_and_close_with_their_last(
    moment: str, is_open: bool
) -> None:
    assert OFFICE.open_at(vienna(moment), VIENNA) is is_open


def test_a_holiday_is_closed_and_a_day_with_hours_of_its_own_has_those() -> None:
    assert not OFFICE.open_at(vienna("2026-10-26T10:00"), VIENNA)  # a Monday
    assert OFFICE.open_at(vienna("2026-12-24T08:30"), VIENNA)  # a Thursday
    assert not OFFICE.open_at(vienna("2026-12-24T11:00"), VIENNA)


def test_the_day_is_the_companys_own_not_that_of_greenwich() -> None:
    late = BusinessHours(week={"monday": (OpenSpan(opens="00:00", closes="00:30"),)})

    assert late.open_at(datetime(2026, 11, 15, 23, 15, tzinfo=UTC), VIENNA)
    assert not late.open_at(datetime(2026, 11, 16, 0, 15, tzinfo=UTC), VIENNA)


def test_open_until_midnight_is_open_in_the_last_minute_of_the_day() -> None:
    night = BusinessHours(week={"friday": (OpenSpan(opens="22:00", closes="24:00"),)})

    assert night.open_at(vienna("2026-11-20T23:59:59"), VIENNA)
    assert not night.open_at(vienna("2026-11-21T00:00"), VIENNA)


def test_nine_is_nine_in_summer_and_in_winter() -> None:
    always = BusinessHours(week=dict.fromkeys(WEEKDAYS, (NINE_TO_NOON,)))

    for day, utc_hour in (
        (date(2026, 3, 28), 8),
        (date(2026, 3, 29), 7),
        (date(2026, 10, 24), 7),
        (date(2026, 10, 25), 8),
    ):
        opening = datetime(day.year, day.month, day.day, utc_hour, tzinfo=UTC)
        assert always.open_at(opening, VIENNA), day
        assert not always.open_at(opening - timedelta(minutes=1), VIENNA), day


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    night = BusinessHours(week={"sunday": (OpenSpan(opens="02:00", closes="03:00"),)})

    assert night.open_at(vienna("2026-10-25T02:30", fold=0), VIENNA)
    assert night.open_at(vienna("2026-10-25T02:30", fold=1), VIENNA)
    open_minutes = [
        minute
        for minute in range(24 * 60)
        if night.open_at(datetime(2026, 10, 24, 12, tzinfo=UTC) + timedelta(minutes=minute), VIENNA)
    ]
    assert len(open_minutes) == 120


def test_an_hour_that_is_skipped_does_not_exist() -> None:
    night = BusinessHours(week={"sunday": (OpenSpan(opens="02:00", closes="03:00"),)})

    moments = (datetime(2026, 3, 28, 12, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(24 * 60))
    assert not any(night.open_at(moment, VIENNA) for moment in moments)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.open_at(datetime(2026, 11, 16, 10, 0), VIENNA)  # noqa: DTZ001 — that is the point
