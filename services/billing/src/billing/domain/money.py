"""Money: exact decimals in an ISO 4217 currency, rounded once, where an invoice line is made."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

MINOR_UNITS = {
    "EUR": 2, "CHF": 2, "USD": 2, "GBP": 2, "PLN": 2, "CZK": 2, "SEK": 2, "NOK": 2, "DKK": 2, "RON": 2, "BGN": 2,
    "CAD": 2, "AUD": 2, "NZD": 2, "JPY": 0, "KRW": 0, "HUF": 2,
}  # fmt: skip
"""Digits after the point that a currency's smallest coin has (ISO 4217); HUF as Stripe counts it, with two."""


class UnknownCurrency(ValueError):
    """A code that is no currency which billing reckons in."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code[:10]!r} is no currency that billing reckons in: {', '.join(sorted(MINOR_UNITS))}"
        )


class NoAmount(ValueError):
    """A text that is no finite decimal number."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is no decimal number such as 0.00231")


def currency(code: str) -> str:
    """The code in capitals. Raises `UnknownCurrency`."""
    found = code.upper()
    if found not in MINOR_UNITS:
        raise UnknownCurrency(code)
    return found


def amount(text: str) -> Decimal:
    """A finite decimal from its text, every digit kept. Raises `NoAmount`."""
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise NoAmount(text) from error
    if not found.is_finite():
        raise NoAmount(text)
    return found


def from_minor(minor: int, code: str) -> Decimal:
    """What so many of a currency's smallest coins are: 1999 EUR → 19.99."""
    return coins(Decimal(minor), code)


def coins(minor: Decimal, code: str) -> Decimal:
    """The same for a number of coins that need not be whole, every digit kept: 1.25 EUR → 0.0125."""
    return minor.scaleb(-MINOR_UNITS[currency(code)])


def to_minor(money: Decimal, code: str) -> int:
    """So many of a currency's smallest coins, rounded half up: as Stripe rounds an invoice line, once per line."""
    return int(money.scaleb(MINOR_UNITS[currency(code)]).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def rounded(money: Decimal, code: str) -> Decimal:
    """An amount that can be paid: half up to the currency's smallest coin."""
    return from_minor(to_minor(money, code), code)
