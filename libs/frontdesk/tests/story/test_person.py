"""The person of the story."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.story.person import draw_story, german_amount

TODAY = date(2026, 11, 20)


@given(seed=st.integers(0, 2**32), today=st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_every_story_is_consistent_in_itself(seed: int, today: date) -> None:
    story = draw_story(seed, today)
    income = story.income
    assert income.net + sum(part.amount for part in income.deductions) == income.gross
    assert Decimal(1000) < income.net < income.gross
    assert income.period.day == 1
    assert income.period < today
    assert today < story.viewing_date
    assert story.viewing_date.weekday() < 5
    assert story.move_in > today
    assert re.fullmatch(r"[a-z0-9.-]+@post\.example", story.email)
    assert re.search("[äöüßÄÖÜ]", story.last_name)


def test_the_same_seed_tells_the_same_story_and_another_seed_another() -> None:
    assert draw_story(7, TODAY) == draw_story(7, TODAY)
    assert len({draw_story(seed, TODAY).email for seed in range(500)}) == 500


@pytest.mark.parametrize(
    ("amount", "written"), [("1234.5", "1.234,50"), ("0.05", "0,05"), ("1234567", "1.234.567,00")]
)
def test_amounts_are_written_as_germans_write_them(amount: str, written: str) -> None:
    assert german_amount(Decimal(amount)) == written
