"""Take in that a value is beyond its limit, or within it again, and decide when staff must be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from contracts.envelope import Cancel, Following, Later, Timer
from contracts.operations.v1 import ThresholdExceeded, ThresholdRecovered
from notification.application.alert_ports import Incidents, Staff
from notification.application.ports import Session
from notification.domain.alerts import Alert, Recovery, Summary
from notification.domain.incident import Awareness, Rhythm, look_at


class IncidentDue(Timer):
    """Somebody has to be told something about an incident."""

    aggregate: ClassVar[str] = "incident_id"

    incident_id: str


class HearAlerts:
    """Keeps alerts, and sets the timer of their incident to when the first member of staff has to be told."""

    def __init__(
        self, *, incidents: Incidents, staff: Staff, rhythm: Rhythm,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._incidents = incidents
        self._staff = staff
        self._rhythm = rhythm
        self._now = now
        self.unheard: dict[str, str] = {}
        """Groups with an alert that nobody is told of, and the alert in words."""

    async def exceeded(
        self, session: Session, event: ThresholdExceeded, said_at: datetime
    ) -> list[Following]:
        """Keep a breach; what follows is the look at its incident."""
        own = {name: getattr(event, name) for name in _SAME_FIELDS}
        summary = Summary(event.summary.de, event.summary.en)
        return await self.add(session, Alert(**own, summary=summary, said_at=said_at, heard_at=self._now()))

    async def recovered(
        self, session: Session, event: ThresholdRecovered, said_at: datetime
    ) -> list[Following]:
        """Keep a recovery: of a group one is said, when the last of it is well."""
        recovery = Recovery(event.recovered_at, event.value, self._now())
        return await self.end(session, event.group, recovery, said_at)

    async def add(self, session: Session, alert: Alert) -> list[Following]:
        """Keep an alert."""
        await self._incidents.lock(session, alert.group)
        return await self.next_look(session, await self._incidents.add(session, alert), alert.group)

    async def end(
        self, session: Session, group: str, recovery: Recovery, said_at: datetime
    ) -> list[Following]:
        """Keep that all of a group that was said before is over."""
        await self._incidents.lock(session, group)
        incident_id = await self._incidents.recover(session, group, recovery, said_at)
        return [] if incident_id is None else await self.next_look(session, incident_id, group)

    async def next_look(self, session: Session, incident_id: str, group: str) -> list[Following]:
        """The timer of the next look; an incident that is over and known to everybody ends. The group is locked."""
        alerts = await self._incidents.alerts(session, incident_id)
        known = await self._incidents.known(session, incident_id)
        members = await self._staff.members(session)
        staff = [
            (member, known[member.staff_id].aware if member.staff_id in known else Awareness())
            for member in members
        ]
        self._note(group, alerts, told_to_somebody=bool(members))
        moment = look_at(staff, alerts, self._rhythm)
        if moment is not None:
            return [Later(IncidentDue(incident_id=incident_id), moment, f"incident:{incident_id}")]
        if all(alert.over for alert in alerts):
            await self._incidents.close(session, incident_id)
        return [Cancel(f"incident:{incident_id}")]

    def notes(self) -> list[str]:
        """What /health says about alerts that nobody is told of."""
        return [
            f"nobody is told of an alert ({summary}): name somebody, `frontdesk staff add` or NOTIFICATION_STAFF_EMAIL"
            for _, summary in sorted(self.unheard.items())
        ]

    def _note(self, group: str, alerts: list[Alert], *, told_to_somebody: bool) -> None:
        lasting = next((alert for alert in alerts if not alert.over), None)
        if lasting is None or told_to_somebody:
            self.unheard.pop(group, None)
        else:
            self.unheard[group] = lasting.summary.en


_SAME_FIELDS = (
    "alert_id", "threshold", "service", "subject", "metric", "value", "limit", "unit", "severity", "since", "group",
    "update", "others", "members",
)  # fmt: skip
"""What an event and an alert have alike."""
