"""Finding amounts of money in German and English spelling, OCR's slips included."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

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
_SIGN = r"€|\$|£|\bEUR\b|\bEuro\b|\bUSD\b|\bGBP\b|\bCHF\b"
_NUMBER = r"\d{1,3}(?:[.,'’\u00a0 ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?![\d])"
_WITH_CURRENCY = re.compile(
    rf"(?:({_SIGN})\s*({_NUMBER})(?:,-|,--)?)|(?:(?<![\d.,])({_NUMBER})(?:,-|,--|,–)?\s*(€|\$|£|EUR\b|Euro\b|USD\b|GBP\b|CHF\b))",
    re.IGNORECASE,
)
_DIGIT = "[0-9OolISB]"
_PRINTED = re.compile(
    rf"(?<![\w.,/-])-?(?:{_DIGIT}{{1,3}}(?:\s?[.,'’]\s?{_DIGIT}{{3}}|[ \u00a0]{_DIGIT}{{3}})+|{_DIGIT}{{1,7}})\s?[.,]\s?{_DIGIT}{{2}}(?![\w.])"
)
_MISREAD = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "S": "5", "B": "8"})


@dataclass(frozen=True)
class FoundAmount:
    """An amount and where the text names it."""

    value: Decimal
    currency: str
    start: int
    words: str

    @property
    def plain(self) -> str:
        """With a point, without a currency."""
        return f"{self.value:f}"


def amounts_in(text: str) -> Iterator[FoundAmount]:
    """Amounts with a currency beside them."""
    for match in _WITH_CURRENCY.finditer(text):
        sign, number = match[1] or match[4], match[2] or match[3]
        yield FoundAmount(decimal_of(number), _CURRENCIES[sign.lower()], match.start(), match[0])


def printed_amounts_in(text: str) -> Iterator[FoundAmount]:
    """Numbers with two decimals as forms print them, letters read for digits set right."""
    currency = currency_in(text) or "EUR"
    for match in _PRINTED.finditer(text):
        if sum(sign.isdigit() for sign in match[0]) >= 2:
            yield FoundAmount(decimal_of(match[0].translate(_MISREAD)), currency, match.start(), match[0])


def currency_in(text: str) -> str | None:
    """The first currency named."""
    found = re.search(_SIGN, text, re.IGNORECASE)
    return _CURRENCIES[found[0].lower()] if found else None


def decimal_of(written: str) -> Decimal:
    """`3.245,67`, `3,245.67`, `3 245,67` → 3245.67; the last separator counts when two digits follow."""
    number = re.sub(r"[\s'’]", "", written)
    negative, number = number.startswith("-"), number.lstrip("-")
    whole, separator, cents = _split_last(number)
    if separator and len(cents) <= 2:
        value = Decimal(f"{re.sub(r'[.,]', '', whole) or '0'}.{cents.ljust(2, '0')}")
    else:
        value = Decimal(re.sub(r"[.,]", "", number))
    return -value if negative else value


def german(value: Decimal) -> str:
    """3245.67 → `3.245,67`."""
    return f"{value:,.2f}".translate(str.maketrans({",": ".", ".": ","}))


def english(value: Decimal) -> str:
    """3245.67 → `3,245.67`."""
    return f"{value:,.2f}"


def _split_last(number: str) -> tuple[str, str, str]:
    place = max(number.rfind("."), number.rfind(","))
    return (number, "", "") if place < 0 else (number[:place], number[place], number[place + 1 :])
