"""Dates and months as German and English documents write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

_MONTHS = {
    "jan": 1, "jän": 1, "feb": 2, "mär": 3, "mae": 3, "mar": 3, "mrz": 3, "apr": 4, "mai": 5, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "dez": 12, "dec": 12,
}  # fmt: skip
_NAME = (
    r"(?P<month>januar|jänner|january|jan|februar|february|feb|märz|maerz|march|mrz|mär|mar|april|apr|mai|may"
    r"|juni|june|jun|juli|july|jul|august|aug|september|sept|sep|oktober|october|okt|oct|november|nov"
    r"|dezember|december|dez|dec)\.?"
)
_Parts = tuple[int, int, int]


def dates_in(text: str) -> Iterator[date]:
    """Every date in a text, in the order of the forms below."""
    for pattern, parts in _DATE_FORMS:
        for found in pattern.finditer(text):
            year, month, day = parts(found)
            made = _date(year, month, day)
            if made is not None:
                yield made


def months_in(text: str) -> Iterator[str]:
    """Every month in a text as YYYY-MM: `Oktober 2026`, `10/2026`, `2026-10`, and the months of its dates."""
    for found in _NAMED_MONTH.finditer(text):
        yield f"{_year(found['year']):04}-{_month(found):02}"
    for found in _NUMBERED_MONTH.finditer(text):
        yield f"{int(found['year']):04}-{int(found['number']):02}"
    for found in _ISO_MONTH.finditer(text):
        yield f"{found['year']}-{found['number']}"
    for made in dates_in(text):
        yield f"{made.year:04}-{made.month:02}"


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month(found: re.Match[str]) -> int:
    return _MONTHS[found["month"].lower()[:3]]


def _year(digits: str) -> int:
    """Two digits lie within the eighty years before and twenty after 2000."""
    number = int(digits)
    if len(digits) > 2:
        return number
    return 2000 + number if number < 50 else 1900 + number


def _iso(found: re.Match[str]) -> _Parts:
    return int(found["year"]), int(found["number"]), int(found["day"])


def _numbers(found: re.Match[str]) -> _Parts:
    """Day first, as in Europe; month first only where day first is impossible (03/25/2026)."""
    first, second = int(found["day"]), int(found["number"])
    if second > 12 >= first and found["mark"] == "/":
        first, second = second, first
    return _year(found["year"]), second, first


def _named(found: re.Match[str]) -> _Parts:
    return _year(found["year"]), _month(found), int(found["day"])


_DATE_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Parts]], ...] = (
    (re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<number>\d\d)-(?P<day>\d\d)(?!\d)"), _iso),
    (
        re.compile(
            r"(?<![\d.])(?P<day>\d{1,2})(?P<mark>[./])\s?(?P<number>\d{1,2})(?P=mark)\s?"
            r"(?P<year>(?:19|20)\d\d|\d\d)(?![\d.,]\d|\d)"
        ),
        _numbers,
    ),
    (
        re.compile(
            rf"(?<!\d)(?P<day>\d{{1,2}})(?:\.|st|nd|rd|th)?(?:\s+of)?\s*{_NAME},?\s*(?P<year>(?:19|20)\d\d)(?!\d)",
            re.IGNORECASE,
        ),
        _named,
    ),
    (
        re.compile(
            rf"(?<!\w){_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d\d)(?!\d)",
            re.IGNORECASE,
        ),
        _named,
    ),
)
_NAMED_MONTH = re.compile(rf"(?<!\w){_NAME}[\s,/-]*(?P<year>(?:19|20)\d\d)(?!\d)", re.IGNORECASE)
_NUMBERED_MONTH = re.compile(
    r"(?<![\d./])(?P<number>0?[1-9]|1[0-2])\s?[/.]\s?(?P<year>(?:19|20)\d\d)(?![\d.])"
)
_ISO_MONTH = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)-(?P<number>0[1-9]|1[0-2])(?![\d-])")
