"""Amounts, dates and months as German and English documents write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.domain.amounts import amounts_in, currency_in, plain
from ocr.domain.dates import dates_in, months_in
from ocr.domain.normal import normal


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("Nettolohn   3.245,67 EUR", "3245.67"),
        ("Net pay GBP 3,245.67", "3245.67"),
        ("EUR3245.67", "3245.67"),
        ("Fr. 3'245.67", "3245.67"),
        ("Kaltmiete 1.200,- €", "1200.00"),
        ("1200 EUR", "1200.00"),
        ("12.345.678,90", "12345678.90"),
        ("0,99 €", "0.99"),
        ("1\u00a0234,56 €", "1234.56"),
    ],
)
def test_an_amount_is_read_however_it_is_written(text: str, amount: str) -> None:
    assert [plain(found.value) for found in amounts_in(text)] == [amount]
    assert all(found.exact for found in amounts_in(text))


@given(st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False))
def test_every_amount_is_read_from_its_german_and_english_form(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert [found.value for found in amounts_in(f"Betrag {german} EUR")] == [amount]
    assert [found.value for found in amounts_in(f"Amount {english}")] == [amount]


def test_a_bare_number_is_no_exact_amount() -> None:
    assert [found.exact for found in amounts_in("Personalnummer 23399")] == [False]


@pytest.mark.parametrize(
    ("text", "currency"),
    [("3 €", "EUR"), ("CHF 3", "CHF"), ("£3", "GBP"), ("3 euro", "EUR"), ("Europa", None), ("", None)],
)
def test_a_currency_is_known_by_sign_and_code(text: str, currency: str | None) -> None:
    assert currency_in(text) == currency


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Graz, am 5.10.2026", date(2026, 10, 5)),
        ("05.10.26", date(2026, 10, 5)),
        ("geboren 05.10.67", date(1967, 10, 5)),
        ("5. Oktober 2026", date(2026, 10, 5)),
        ("1. Jänner 2026", date(2026, 1, 1)),
        ("3. März 2026", date(2026, 3, 3)),
        ("2026-10-05", date(2026, 10, 5)),
        ("October 5, 2026", date(2026, 10, 5)),
        ("5th of October 2026", date(2026, 10, 5)),
        ("05/10/2026", date(2026, 10, 5)),
        ("10/25/2026", date(2026, 10, 25)),
    ],
)
def test_a_date_is_read_however_it_is_written(text: str, day: date) -> None:
    assert list(dates_in(text)) == [day]


@pytest.mark.parametrize(
    "text", ["31.02.2026", "3.245,67", "Version 1.2.3", "192.168.10.20", "Tel. 0316/12/34"]
)
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert list(dates_in(text)) == []


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Gehaltsabrechnung für Oktober 2026", "2026-10"),
        ("Pay period: Oct 2026", "2026-10"),
        ("Abrechnungsmonat 10/2026", "2026-10"),
        ("Zeitraum 01.10.2026 - 31.10.2026", "2026-10"),
        ("2026-10", "2026-10"),
    ],
)
def test_a_pay_period_is_a_month(text: str, month: str) -> None:
    assert set(months_in(text)) == {month}


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("3.245,67 €", "amount", "3245.67"),
        ("3245.6", "amount", "3245.60"),
        ("14. Oktober 2026", "date", "2026-10-14"),
        ("Oktober 2026", "period", "2026-10"),
        ("€", "currency", "EUR"),
        ("  Käthe   Müßig ", "words", "Käthe Müßig"),
        ("unleserlich", "amount", "unleserlich"),
    ],
)
def test_a_models_value_is_brought_into_the_houses_form(value: str, kind: str, expected: str) -> None:
    assert normal(value, kind) == expected  # pyright: ignore[reportArgumentType]
