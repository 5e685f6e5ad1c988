"""Silences: for a while nobody is told of what matches; it is still judged, shown and logged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from observer.domain.judging import Alert


@dataclass(frozen=True, slots=True)
class Matchers:
    """What a silence covers: patterns with `*`, all of which must fit."""

    threshold: str = "*"
    service: str = "*"
    subject: str = "*"
    group: str = "*"

    def cover(self, alert: Alert) -> bool:
        """Whether an alert is meant."""
        return (
            fnmatchcase(alert.threshold, self.threshold)
            and fnmatchcase(alert.service or "", self.service)
            and fnmatchcase(alert.subject or "", self.subject)
            and fnmatchcase(alert.group, self.group)
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is told of what the matchers cover, from a time to a time; somebody said why."""

    silence_id: str
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: str
    made_at: datetime
    ended_by: str | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it is in force."""
        return self.starts_at <= at < self.ends_at


def silencing(alert: Alert, silences: Iterable[Silence], at: datetime) -> str | None:
    """The silence that keeps an alert from being told, if any."""
    return next((one.silence_id for one in silences if one.holds(at) and one.matchers.cover(alert)), None)
