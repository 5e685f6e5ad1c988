"""Amounts of money as German and English documents write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = re.compile(
    r"(?<!\d)(?<!\d[.,])"
    r"(?P<whole>\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+|\d+)"
    r"(?:[.,](?P<cents>\d{2}|[-–—]{1,2}))?"
    r"(?!\d|[.,]\d)"
)
_CURRENCIES = {
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "$": "USD",
    "usd": "USD",
    "£": "GBP",
    "gbp": "GBP",
    "chf": "CHF",
}
_CURRENCY = re.compile(r"€|\$|£|(?<![A-Za-z])(?:EUR|Euro|USD|GBP|CHF)(?![A-Za-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount found in a text; `exact` when it was written with cents or beside a currency."""

    value: Decimal
    exact: bool
    start: int
    end: int


def amounts_in(text: str) -> Iterator[Amount]:
    """Every amount in a line of text: `3.245,67`, `3,245.67`, `3'245.67`, `3245.67`, `1.200,- €`, `1200 EUR`."""
    for found in _NUMBER.finditer(text):
        whole = re.sub(r"\D", "", found["whole"])
        cents = found["cents"] or ""
        value = Decimal(f"{whole}.{cents}") if cents.isdecimal() else Decimal(whole)
        exact = bool(cents) or _beside_currency(text, found.start(), found.end())
        yield Amount(value, exact, found.start(), found.end())


def currency_in(text: str) -> str | None:
    """The first currency named in a text, as its ISO code."""
    found = _CURRENCY.search(text)
    return _CURRENCIES[found.group().lower()] if found else None


def plain(value: Decimal) -> str:
    """An amount as we write it: digits, a point, two decimals."""
    return f"{value:.2f}"


def _beside_currency(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 5) : start].rstrip(), text[end : end + 5].lstrip()
    return any(match.end() == len(before) for match in _CURRENCY.finditer(before)) or bool(
        _CURRENCY.match(after)
    )
