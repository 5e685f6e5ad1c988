"""Finding days, times and months in German and English text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jänner january jan",
            "februar feber february feb",
            "märz maerz march mär mrz mar marz",
            "april apr",
            "mai may",
            "juni june jun",
            "juli july jul",
            "august aug",
            "september sept sep",
            "oktober october okt oct",
            "november nov",
            "dezember december dez dec",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "montag monday",
            "dienstag tuesday",
            "mittwoch wednesday",
            "donnerstag thursday",
            "freitag friday",
            "samstag sonnabend saturday",
            "sonntag sunday",
        )
    )
    for name in names.split()
}
_COUNTS = {
    n: i
    for i, ns in enumerate(("", "einer ein einem one a", "zwei two", "drei three", "vier four"))
    for n in ns.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(_WEEKDAYS)
_FLAGS = re.IGNORECASE
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})\s?[./]\s?(\d{1,2})\s?[./]\s?(\d{4}|\d{2})(?![\d])")
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:\.|st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b\.?,?(?:\s+(\d{{4}}))?", _FLAGS
)
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\.?\d)(?:,?\s+(\d{{4}}))?", _FLAGS
)
_SHORT = re.compile(r"\b(?:am|ab|zum|bis|vom|den|dem)\s+(\d{1,2})\.(\d{1,2})\.(?!\d)", _FLAGS)
_NAMED = re.compile(
    rf"\b(übernächste[nrs]?\s+)?(?:[a-zäöü]+\s+)?({_WEEKDAY})(?:s|abend|morgen|nachmittag|vormittag)?\b",
    _FLAGS,
)
_NEAR = re.compile(r"\b(heute|today|übermorgen|uebermorgen|day after tomorrow|tomorrow|morgen)\b", _FLAGS)
_IN_DAYS = re.compile(r"\bin\s+(\d+|\w+)\s+(tage?n?|wochen?|days?|weeks?)\b", _FLAGS)
_NOT_TOMORROW = re.compile(r"\b(guten\s+|heute\s+|am\s+|jeden\s+)$", _FLAGS)
_TIME = re.compile(
    r"\b(?:(\d{1,2})(?:[:.](\d{2}))?\s*uhr(?:\s*(\d{2}))?|(\d{1,2})(?::(\d{2}))?\s*(a\.?m\.?|p\.?m\.?)|(\d{1,2}):(\d{2}))(?!\d)",
    _FLAGS,
)
_MONTH_OF_YEAR = re.compile(rf"\b({_MONTH})\.?\s*[/'-]?\s*(\d{{4}})\b", _FLAGS)
_NUMERIC_MONTH = re.compile(r"(?<![\d./])(0?[1-9]|1[0-2])\s?[./-]\s?(20\d{2})\b")
_ISO_MONTH = re.compile(r"\b(20\d{2})-(0[1-9]|1[0-2])\b(?!-)")


@dataclass(frozen=True)
class FoundDay:
    """A day and where the text names it."""

    day: date
    start: int
    words: str


def days_in(text: str, today: date) -> list[FoundDay]:
    """Every day the text names, in the order of the text; relative ones counted from today."""
    found: list[FoundDay] = []
    for candidate in sorted(_candidates(text, today), key=lambda f: (f.start, -len(f.words))):
        if not found or candidate.start >= found[-1].start + len(found[-1].words):
            found.append(candidate)
    return found


def time_in(text: str) -> str | None:
    """The first time of day named, as HH:MM."""
    for match in _TIME.finditer(text):
        hour, minute = (
            int(match[1] or match[4] or match[7]),
            int(match[2] or match[3] or match[5] or match[8] or 0),
        )
        half = (match[6] or "").lower()
        if half.startswith("p") and hour < 12:
            hour += 12
        if hour < 24 and minute < 60:
            return f"{hour:02}:{minute:02}"
    return None


def month_in(text: str) -> str | None:
    """The first month of a year named, as YYYY-MM."""
    found = [(m.start(), f"{m[2]}-{_MONTHS[m[1].lower()]:02}") for m in _MONTH_OF_YEAR.finditer(text)]
    found += [(m.start(), f"{m[2]}-{int(m[1]):02}") for m in _NUMERIC_MONTH.finditer(text)]
    found += [(m.start(), f"{m[1]}-{m[2]}") for m in _ISO_MONTH.finditer(text)]
    found += [
        (d.start, d.day.strftime("%Y-%m")) for d in days_in(text, date(1900, 1, 1)) if d.day.year > 1990
    ]
    return min(found)[1] if found else None


def _candidates(text: str, today: date) -> Iterator[FoundDay]:
    for match in _ISO.finditer(text):
        yield from _found(match, int(match[1]), int(match[2]), int(match[3]))
    for match in _NUMERIC.finditer(text):
        yield from _found(match, _full_year(match[3]), int(match[2]), int(match[1]))
    for match in _DAY_FIRST.finditer(text):
        yield from _dated(match, match[3], _MONTHS[match[2].lower()], int(match[1]), today)
    for match in _MONTH_FIRST.finditer(text):
        yield from _dated(match, match[3], _MONTHS[match[1].lower()], int(match[2]), today)
    for match in _SHORT.finditer(text):
        yield from _dated(match, None, int(match[2]), int(match[1]), today)
    yield from _relative(text, today)


def _relative(text: str, today: date) -> Iterator[FoundDay]:
    for match in _NAMED.finditer(text):
        ahead = (_WEEKDAYS[match[2].lower()] - today.weekday() - 1) % 7 + 1
        yield FoundDay(today + timedelta(days=ahead + (7 if match[1] else 0)), match.start(), match[0])
    for match in _NEAR.finditer(text):
        word = match[1].lower()
        if word == "morgen" and _NOT_TOMORROW.search(text[: match.start()]):
            continue
        ahead = 0 if word in ("heute", "today") else 1 if word in ("morgen", "tomorrow") else 2
        yield FoundDay(today + timedelta(days=ahead), match.start(), match[0])
    for match in _IN_DAYS.finditer(text):
        count = int(match[1]) if match[1].isdigit() else _COUNTS.get(match[1].lower(), 0)
        if 0 < count < 400:
            unit = 7 if match[2].lower().startswith("w") else 1
            yield FoundDay(today + timedelta(days=count * unit), match.start(), match[0])


def _dated(match: re.Match[str], year: str | None, month: int, day: int, today: date) -> Iterator[FoundDay]:
    if year:
        yield from _found(match, int(year), month, day)
        return
    for candidate in _found(match, today.year, month, day):
        past = candidate.day < today
        yield from _found(match, today.year + 1, month, day) if past else [candidate]


def _found(match: re.Match[str], year: int, month: int, day: int) -> Iterator[FoundDay]:
    try:
        yield FoundDay(date(year, month, day), match.start(), match[0])
    except ValueError:
        return


def _full_year(written: str) -> int:
    year = int(written)
    return year if year > 99 else 2000 + year if year < 70 else 1900 + year
