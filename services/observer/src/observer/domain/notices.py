"""What is told to people: of a storm one notice per group, then updates of it, then that it is over.

A group is gathered for a few seconds before it is told, so that twelve services that lost one database are one notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from observer.domain.judging import Alert

MEMBERS = 50
"""How many members a notice names."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What was told of a group that is not over yet."""

    notice_id: str
    """The id of the alert it was opened with."""
    group: str
    opened_at: datetime
    told_at: datetime
    update: int = 0


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to be told: a notice, an update of it, or its end."""

    kind: Literal["exceeded", "recovered"]
    notice: Notice
    head: Alert
    """The worst member, that stands for all; at the end the one that recovered last."""
    members: tuple[Alert, ...]
    new: tuple[Alert, ...] = ()
    cause: str = ""
    """What most members say of themselves, such as `the database does not answer`."""


def to_tell(
    alerts: Iterable[Alert],
    notices: Mapping[str, Notice],
    at: datetime,
    *,
    gather: timedelta,
    update: timedelta,
) -> list[Telling]:
    """What is to be told now. `alerts` are all open ones and those that just recovered; `notices` the open ones by group.

    Only critical ones are told, and none that is silenced.
    """
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.severity == "critical" or alert.notice_id is not None:
            groups.setdefault(alert.group, []).append(alert)
    found: list[Telling] = []
    for group in sorted({*groups, *notices}):
        telling = _of_group(groups.get(group, []), notices.get(group), at, gather, update)
        if telling is not None:
            found.append(telling)
    return found


def _of_group(
    alerts: Sequence[Alert], notice: Notice | None, at: datetime, gather: timedelta, update: timedelta
) -> Telling | None:
    loud = [alert for alert in alerts if alert.is_open and alert.silenced_by is None]
    new = tuple(alert for alert in loud if alert.notice_id is None)
    if notice is None:
        if not new or at - min(_fired(alert) for alert in new) < gather:
            return None
        head = _head(new)
        opened = Notice(head.alert_id, head.group, at, at)
        return Telling("exceeded", opened, head, tuple(loud), new, cause(loud))
    told = [alert for alert in alerts if alert.is_open and alert.notice_id is not None]
    if not told and not new:
        ended = [alert for alert in alerts if alert.state == "recovered"]
        if not ended:
            return None
        last = max(ended, key=lambda alert: alert.recovered_at or at)
        return Telling("recovered", notice, last, tuple(ended))
    if not new or at - notice.told_at < update:
        return None
    grown = replace(notice, told_at=at, update=notice.update + 1)
    return Telling("exceeded", grown, _head(new), tuple(loud), new, cause(loud))


def cause(alerts: Sequence[Alert]) -> str:
    """What more than half of several alerts give as their reason; empty when they agree in nothing."""
    if len(alerts) < 2:
        return alerts[0].why if alerts else ""
    reasons = Counter(reason for alert in alerts for reason in set(alert.why.split("; ")) if reason)
    if not reasons:
        return ""
    reason, count = reasons.most_common(1)[0]
    return reason if count * 2 > len(alerts) else ""


def _head(alerts: Sequence[Alert]) -> Alert:
    """The one that is furthest beyond its limit; of equals the first."""
    return max(alerts, key=lambda alert: alert.value / alert.limit if alert.limit > 0 else alert.value)


def _fired(alert: Alert) -> datetime:
    return alert.fired_at or alert.since
