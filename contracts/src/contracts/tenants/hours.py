"""When a company is open: hours per weekday, and the days that are otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


class OpenSpan(BaseModel):
    """From when until when somebody is there, by the clock on the company's wall."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    opens: str = Field(description="Time of day, such as 09:00; open from this minute on.")
    closes: str = Field(description="Time of day, such as 17:30, or 24:00; closed from this minute on.")


class SpecialDay(BaseModel):
    """A day that is not like its weekday: a holiday, or one with hours of its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    day: date = Field(description="The date.")
    name: str = Field(description="What it is, such as Christtag.")
    spans: tuple[OpenSpan, ...] = Field(default=(), description="Its own hours; none given is closed.")


class BusinessHours(BaseModel):
    """Hours per weekday and special days, in the company's time zone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    week: dict[Weekday, tuple[OpenSpan, ...]] = Field(
        description="Hours of each weekday; one that is not named is closed."
    )
    holidays: tuple[SpecialDay, ...] = Field(default=(), description="Days that are not like their weekday.")

    def open_at(self, moment: datetime, time_zone: str) -> bool:
        """Whether the company is open at an aware moment.

        What counts is the clock on its wall: on the day that the clocks go back, an hour that comes twice is open
        twice; on the day that they go forward, the hour that is skipped does not exist.
        """
        if moment.tzinfo is None:
            raise ValueError("whether somebody is there can only be said of a moment with its time zone")
        there = moment.astimezone(ZoneInfo(time_zone))
        # As text, times of day sort as they follow each other, and 24:00 is after all of them.
        clock = f"{there:%H:%M}"
        return any(span.opens <= clock < span.closes for span in self._spans_on(there.date()))

    def _spans_on(self, day: date) -> Sequence[OpenSpan]:
        for special in self.holidays:
            if special.day == day:
                return special.spans
        return self.week.get(WEEKDAYS[day.weekday()], ())
