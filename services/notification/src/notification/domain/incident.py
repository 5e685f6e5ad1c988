"""An incident: what is told together. Who learns of which alert, and when; pure, so that every order can be tried.

An incident begins with the first breach of a group, and ends when all of its alerts are over and everybody knows it.
Each member of staff is told by a rhythm of his own: what comes within the window is one notice, later ones follow as
updates with a pause between them, and the end is told once. The words are those of Prometheus' Alertmanager
(`group_wait`, `group_interval`, `repeat_interval`), the rules per person are ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from notification.domain.alerts import Alert
from notification.domain.staff import Member

NewsKind = Literal["opened", "update", "over", "recovered", "reminder"]
"""`over`: what is told for the first time has ended already; `recovered`: what is known has ended."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long breaches are gathered, the pause between updates, and when it is told that it still lasts (0: never)."""

    window: timedelta
    between: timedelta
    reminder: timedelta


@dataclass(frozen=True, slots=True)
class Awareness:
    """What a member of staff knows of an incident."""

    told: frozenset[str] = frozenset()
    """The alerts that he was told of, by their keys."""
    all_clear: bool = False
    """Whether he was told that all of them are over."""
    notices: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What a member of staff is told now: alerts that are new to him, and those that he knows."""

    kind: NewsKind
    fresh: tuple[Alert, ...]
    known: tuple[Alert, ...]

    @property
    def critical(self) -> bool:
        """Whether anything critical is told of."""
        return any(alert.critical for alert in (*self.fresh, *self.known))


def due_at(member: Member, alerts: Iterable[Alert], aware: Awareness, rhythm: Rhythm) -> datetime | None:
    """When the member has to be told something; None when he knows all there is."""
    wanted = _concerning(member, alerts, aware)
    fresh = [alert for alert in wanted if alert.key not in aware.told]
    known = [alert for alert in wanted if alert.key in aware.told]
    if fresh:
        return _of_fresh(member, fresh, known, aware, rhythm)
    lasting = [alert for alert in known if not alert.over]
    if known and not lasting and not aware.all_clear:
        ended = max(alert.recovery.heard_at for alert in known if alert.recovery is not None)
        return _unless_asleep(member, ended + rhythm.window, known)
    if lasting and rhythm.reminder and aware.last_at is not None:
        return _unless_asleep(member, aware.last_at + rhythm.reminder, lasting)
    return None


def news_for(
    member: Member, alerts: Iterable[Alert], aware: Awareness, rhythm: Rhythm, now: datetime
) -> News | None:
    """What the member is told at this moment; None when nothing is due."""
    alerts = tuple(alerts)
    due = due_at(member, alerts, aware, rhythm)
    if due is None or due > now:
        return None
    wanted = _concerning(member, alerts, aware)
    fresh = tuple(alert for alert in wanted if alert.key not in aware.told)
    known = tuple(alert for alert in wanted if alert.key in aware.told)
    over = all(alert.over for alert in wanted)
    if not fresh:
        return News("recovered" if over else "reminder", (), known)
    if aware.all_clear or not known:
        return News("over" if over else "opened", fresh, ())
    return News("over" if over else "update", fresh, known)


def learned(aware: Awareness, news: News, now: datetime) -> Awareness:
    """What the member knows after he was told."""
    return replace(
        aware,
        told=aware.told | {alert.key for alert in news.fresh},
        all_clear=news.kind in ("over", "recovered"),
        notices=aware.notices + 1,
        last_at=now,
    )


def look_at(
    staff: Sequence[tuple[Member, Awareness]], alerts: Sequence[Alert], rhythm: Rhythm
) -> datetime | None:
    """When the incident has to be looked at next; None when nobody has to be told anything any more."""
    moments = [due_at(member, alerts, aware, rhythm) for member, aware in staff]
    return min((moment for moment in moments if moment is not None), default=None)


def _concerning(member: Member, alerts: Iterable[Alert], aware: Awareness) -> list[Alert]:
    """The alerts that the member wants to know of, oldest first; not those that ended before he was there."""
    found = [
        alert
        for alert in alerts
        if alert.key in aware.told
        or (
            alert.severity in member.severities
            and (alert.recovery is None or alert.recovery.heard_at >= member.since)
        )
    ]
    return sorted(found, key=lambda alert: (alert.since, alert.key))


def _of_fresh(
    member: Member, fresh: list[Alert], known: list[Alert], aware: Awareness, rhythm: Rhythm
) -> datetime:
    critical = [alert for alert in fresh if alert.critical]
    moments = [_gathered(fresh, aware, rhythm, urgent=False)]
    moments = [member.awake_at(moment) for moment in moments]
    if critical:
        # The first critical one does not wait for the pause that warnings have begun.
        urgent = aware.all_clear or not any(alert.critical for alert in known)
        moments.append(_gathered(critical, aware, rhythm, urgent=urgent))
    return min(moments)


def _gathered(alerts: list[Alert], aware: Awareness, rhythm: Rhythm, *, urgent: bool) -> datetime:
    moment = min(alert.heard_at for alert in alerts) + rhythm.window
    if urgent or aware.all_clear or aware.last_at is None:
        return moment
    return max(moment, aware.last_at + rhythm.between)


def _unless_asleep(member: Member, moment: datetime, alerts: list[Alert]) -> datetime:
    """Who was woken by something critical is told of its end too."""
    return moment if any(alert.critical for alert in alerts) else member.awake_at(moment)
