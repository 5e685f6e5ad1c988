"""Whether something is beyond its threshold: ok → pending → firing → recovering → ok, with hysteresis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from observer.domain.thresholds import Observation, Severity, Threshold

State = Literal["pending", "firing", "recovering", "recovered"]
Change = Literal["fired", "recovered"]
Key = tuple[str, str | None, str | None]
"""Threshold, service, subject: what can be beyond."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is beyond its threshold, from the first moment to its recovery."""

    alert_id: str
    threshold: str
    service: str | None
    subject: str | None
    metric: str
    unit: str
    severity: Severity
    group: str
    state: State
    value: float
    worst: float
    limit: float
    since: datetime
    """When it was first beyond."""
    why: str = ""
    fired_at: datetime | None = None
    well_since: datetime | None = None
    recovered_at: datetime | None = None
    silenced_by: str | None = None
    notice_id: str | None = None
    """The notice that told of it."""

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.threshold, self.service, self.subject

    @property
    def is_open(self) -> bool:
        """Whether it was said to be beyond, and not yet to be well."""
        return self.state in ("firing", "recovering")


def judge(
    threshold: Threshold, alert: Alert | None, found: Observation | None, at: datetime, *, new_id: str
) -> tuple[Alert | None, Change | None]:
    """What becomes of an alert (None: all is well) by what was found now.

    `found` of None: there is nothing to measure any more, as of an endpoint that nobody asks, a replica that was
    stopped. That is well. What cannot be seen at the moment must not be judged at all.
    """
    value = found.value if found is not None else 0.0
    if alert is None:
        if found is None or value <= threshold.limit:
            return None, None
        alert = _begun(threshold, found, at, new_id)
    else:
        alert = replace(
            alert,
            value=value,
            worst=max(alert.worst, value),
            limit=threshold.limit,
            severity=threshold.severity,
            group=threshold.told_with,
            why=found.why if found is not None and found.why else alert.why,
        )
    match alert.state:
        case "pending":
            return _pending(threshold, alert, value, at)
        case "firing" | "recovering":
            return _open(threshold, alert, value, at)
        case "recovered":
            return None, None


def _begun(threshold: Threshold, found: Observation, at: datetime, new_id: str) -> Alert:
    return Alert(
        alert_id=new_id, threshold=threshold.name, service=found.service, subject=found.subject,
        metric=threshold.metric, unit=threshold.unit, severity=threshold.severity, group=threshold.told_with,
        state="pending", value=found.value, worst=found.value, limit=threshold.limit, since=at, why=found.why,
    )  # fmt: skip


def _pending(
    threshold: Threshold, alert: Alert, value: float, at: datetime
) -> tuple[Alert | None, Change | None]:
    if value <= threshold.limit:
        return None, None
    if at - alert.since >= threshold.hold:
        return replace(alert, state="firing", fired_at=at), "fired"
    return alert, None


def _open(
    threshold: Threshold, alert: Alert, value: float, at: datetime
) -> tuple[Alert | None, Change | None]:
    if value > threshold.well:
        return replace(alert, state="firing", well_since=None), None
    since = alert.well_since or at
    if at - since >= threshold.hold:
        return replace(alert, state="recovered", well_since=since, recovered_at=at), "recovered"
    return replace(alert, state="recovering", well_since=since), None
