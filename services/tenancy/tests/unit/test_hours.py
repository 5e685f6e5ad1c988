from __future__ import annotations

from datetime import date

import pytest

from contracts.tenants.hours import WEEKDAYS
from tenancy.domain.hours import MOST_SPANS, BusinessHours, Holiday, Span, Weekday, hours_flaws
from tenancy.domain.permissions import FLEET
from tenancy.domain.tenant import RESERVED

MORNING, AFTERNOON = Span("09:00", "12:00"), Span("13:00", "17:30")
CHRISTMAS = date(2026, 12, 25)


def flaws(*spans: Span, holidays: tuple[Holiday, ...] = ()) -> list[str]:
    return [flaw.field for flaw in hours_flaws(BusinessHours({"monday": spans}, holidays))]


def test_spans_may_touch_and_stand_in_any_order_and_a_day_ends_at_midnight() -> None:
    assert flaws(AFTERNOON, Span("12:00", "13:00"), MORNING) == []
    assert flaws(Span("00:00", "24:00")) == []


@pytest.mark.parametrize(
    ("span", "where"),
    [
        (Span("9:00", "12:00"), "opens"),
        (Span("09.00", "12:00"), "opens"),
        (Span("24:00", "24:00"), "opens"),
        (Span("09:00", "25:00"), "closes"),
        (Span("09:00", "24:01"), "closes"),
        (Span("09:00", "09:00"), "closes"),
        (Span("22:00", "02:00"), "closes"),
        (Span("0٩:00", "12:00"), "opens"),
    ],
)
def test_a_span_that_is_none_is_named_where_it_stands(span: Span, where: str) -> None:
    assert f"hours/week/monday/1/{where}" in flaws(MORNING, span)


def test_hours_over_midnight_are_told_how_to_be_written() -> None:
    (flaw,) = hours_flaws(BusinessHours({"friday": (Span("22:00", "02:00"),)}))

    assert "until 24:00, and from 00:00 of the next day" in flaw.message


def test_spans_that_overlap_are_told_at_the_later_one() -> None:
    assert flaws(Span("11:30", "14:00"), MORNING) == ["hours/week/monday/0"]
    assert flaws(MORNING, MORNING) == ["hours/week/monday/1"]


def test_a_span_within_a_longer_one_is_found_though_another_stands_between() -> None:
    assert flaws(Span("08:00", "18:00"), Span("09:00", "10:00"), Span("17:00", "19:00")) == [
        "hours/week/monday/1", "hours/week/monday/2",
    ]  # fmt: skip


def test_a_day_has_so_many_spans_and_no_more() -> None:
    spans = [Span(f"{hour:02}:00", f"{hour:02}:30") for hour in range(MOST_SPANS + 1)]

    assert flaws(*spans[:-1]) == []
    assert flaws(*spans) == ["hours/week/monday"]


def test_a_holiday_has_a_name_and_stands_there_once() -> None:
    twice = (Holiday(CHRISTMAS, "Christtag"), Holiday(CHRISTMAS, " "))

    assert flaws(MORNING, holidays=twice[:1]) == []
    assert flaws(MORNING, holidays=twice) == ["hours/holidays/1/name", "hours/holidays/1/day"]
    own_hours = (Holiday(CHRISTMAS, "Christtag", (Span("12:00", "10:00"),)),)
    assert flaws(MORNING, holidays=own_hours) == ["hours/holidays/0/spans/0/closes"]


def test_hours_without_any_hour_are_no_hours() -> None:
    assert flaws() == ["hours/week"]


def test_weekdays_and_reserved_ids_are_those_of_everybody_else() -> None:
    assert Weekday.__args__ == WEEKDAYS  # pyright: ignore[reportAttributeAccessIssue] — a Literal's own choices
    assert FLEET in RESERVED
