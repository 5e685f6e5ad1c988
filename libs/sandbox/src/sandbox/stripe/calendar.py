"""Billing periods: calendar months keep the day of the anchor, or take a shorter month's last one."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

_FIXED = {"day": timedelta(days=1), "week": timedelta(weeks=1)}


def after(anchor: int, interval: str, count: int, number: int) -> int:
    """The second at which `number` intervals since the anchor are over."""
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in _FIXED:
        return int((start + _FIXED[interval] * count * number).timestamp())
    months = start.month - 1 + (12 if interval == "year" else 1) * count * number
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def period_at(anchor: int, interval: str, count: int, moment: int) -> tuple[int, int]:
    """The period of this anchor in which the moment lies: start (inclusive) and end (exclusive). The anchor may be ahead."""
    number = 0
    while after(anchor, interval, count, number) > moment:
        number -= 1
    while after(anchor, interval, count, number + 1) <= moment:
        number += 1
    return after(anchor, interval, count, number), after(anchor, interval, count, number + 1)
