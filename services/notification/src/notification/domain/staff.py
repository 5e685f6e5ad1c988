"""Who is told of alerts: the fleet's staff, what each of them wants to know, and when they sleep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notification.domain.alerts import Language, Severity


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From and until when nothing but what is critical is told, by the person's own clock; may pass midnight."""

    begin: time
    end: time

    def over_at(self, moment: datetime, time_zone: str) -> datetime:
        """The moment itself, or the end of the quiet hours that it lies in; in UTC."""
        local = moment.astimezone(ZoneInfo(time_zone))
        now = local.time().replace(tzinfo=None)
        if self.begin <= self.end:
            quiet, tomorrow = self.begin <= now < self.end, False
        else:
            quiet, tomorrow = now >= self.begin or now < self.end, now >= self.begin
        if not quiet:
            return moment
        day = local.date() + timedelta(days=1 if tomorrow else 0)
        return datetime.combine(day, self.end, ZoneInfo(time_zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is told; `since` is from when on."""

    staff_id: str
    email: str
    language: Language
    time_zone: str
    severities: frozenset[Severity]
    since: datetime
    quiet: QuietHours | None = None
    mail: bool = True
    push: bool = True

    def awake_at(self, moment: datetime) -> datetime:
        """The moment, or the end of the quiet hours that it lies in."""
        return moment if self.quiet is None else self.quiet.over_at(moment, self.time_zone)
