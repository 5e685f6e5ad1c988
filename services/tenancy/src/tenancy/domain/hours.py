"""Business hours: several spans on each weekday, and holidays, by the clock on the company's wall."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tenancy.domain.flaws import Flaw

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MOST_SPANS = 8
MOST_HOLIDAYS = 400
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_MIDNIGHT = "24:00"


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when: times of day as text, such as 09:00; a day ends at 24:00."""

    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day that is not like its weekday; without spans it is closed."""

    day: date
    name: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """When somebody is there; a weekday that is not named is closed."""

    week: Mapping[Weekday, tuple[Span, ...]]
    holidays: tuple[Holiday, ...] = ()


def hours_flaws(hours: BusinessHours) -> Iterator[Flaw]:
    """What is wrong with business hours, each thing where it stands."""
    if not any(hours.week.values()):
        yield Flaw("hours/week", "has no hours at all; without business hours leave `hours` out")
    for weekday, spans in hours.week.items():
        yield from _span_flaws(spans, f"hours/week/{weekday}")
    if len(hours.holidays) > MOST_HOLIDAYS:
        yield Flaw("hours/holidays", f"has more than {MOST_HOLIDAYS}; take away those that are over")
    seen: dict[date, str] = {}
    for place, holiday in enumerate(hours.holidays):
        at = f"hours/holidays/{place}"
        if not holiday.name.strip():
            yield Flaw(f"{at}/name", "is empty")
        if holiday.day in seen:
            yield Flaw(f"{at}/day", f"{holiday.day} stands there already as {seen[holiday.day]}")
        seen.setdefault(holiday.day, holiday.name)
        yield from _span_flaws(holiday.spans, f"{at}/spans")


def _span_flaws(spans: Sequence[Span], at: str) -> Iterator[Flaw]:
    if len(spans) > MOST_SPANS:
        yield Flaw(at, f"has more than {MOST_SPANS} spans")
    sound: list[tuple[Span, str]] = []
    for place, span in enumerate(spans):
        flaws = list(_times_flaws(span, f"{at}/{place}"))
        yield from flaws
        if not flaws:
            sound.append((span, f"{at}/{place}"))
    longest: Span | None = None
    for span, where in sorted(sound, key=lambda each: each[0].opens):
        if longest is not None and span.opens < longest.closes:
            yield Flaw(where, f"overlaps with {longest.opens} to {longest.closes}")
        if longest is None or span.closes > longest.closes:
            longest = span


def _times_flaws(span: Span, at: str) -> Iterator[Flaw]:
    if not _TIME.fullmatch(span.opens):
        yield Flaw(f"{at}/opens", "is no time of day such as 09:00")
    if not _TIME.fullmatch(span.closes) and span.closes != _MIDNIGHT:
        yield Flaw(f"{at}/closes", "is no time of day such as 17:30, at latest 24:00")
    elif span.closes <= span.opens:
        yield Flaw(
            f"{at}/closes",
            "is not after it opens; hours over midnight are two: until 24:00, and from 00:00 of the next day",
        )
