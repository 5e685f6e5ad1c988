"""Alerts, incidents, and who knows what of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis import Session
from contracts.envelope import new_id
from notification.adapters.alert_tables import ALERTS, AWARENESS, INCIDENTS, RECOVERIES
from notification.application.alert_ports import FLEET, Known
from notification.domain.alerts import Alert, Recovery, Summary
from notification.domain.incident import Awareness

_KEPT = timedelta(days=90)


class StoredIncidents:
    """The port `Incidents`."""

    async def lock(self, session: Session, group: str) -> None:
        """Let nobody else change this group until the transaction ends."""
        await session.execute(
            text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"alerts:{group}"}
        )

    async def add(self, session: Session, alert: Alert) -> str:
        """Keep a breach, in the group's open incident or in a new one; one that is known changes nothing."""
        known = await session.scalar(select(ALERTS.c.incident_id).where(ALERTS.c.key == alert.key))
        if known is not None:
            return str(known)
        incident_id = await self._open(session, alert.group) or await self._opened(session, alert)
        recovery = await self._recovery_after(session, alert)
        values = asdict(alert) | {
            "key": alert.key,
            "incident_id": incident_id,
            "members": list(alert.members),
            "recovery": None if recovery is None else _recovery_values(recovery),
        }
        await session.execute(insert(ALERTS).values(tenant_id=FLEET, **values))
        return incident_id

    async def recover(
        self, session: Session, group: str, recovery: Recovery, said_at: datetime
    ) -> str | None:
        """Note that what was said of the group before is over; a later breach of it that comes late is, too."""
        newest = insert(RECOVERIES).values(
            tenant_id=FLEET, group=group, said_at=said_at, recovered_at=recovery.at,
            heard_at=recovery.heard_at, value=recovery.value,
        )  # fmt: skip
        changed = {name: newest.excluded[name] for name in ("said_at", "recovered_at", "heard_at", "value")}
        await session.execute(
            newest.on_conflict_do_update(
                index_elements=["tenant_id", "group"],
                set_=changed,
                where=RECOVERIES.c.said_at < newest.excluded.said_at,
            )
        )
        await session.execute(
            update(ALERTS)
            .where(ALERTS.c.group == group, ALERTS.c.recovery.is_(None), ALERTS.c.said_at <= said_at)
            .values(recovery=_recovery_values(recovery))
        )
        return await self._open(session, group)

    async def group_of(self, session: Session, incident_id: str) -> str | None:
        """The group of an incident that is open."""
        found: str | None = await session.scalar(
            select(INCIDENTS.c.group).where(
                INCIDENTS.c.incident_id == incident_id, INCIDENTS.c.closed_at.is_(None)
            )
        )
        return found

    async def alerts(self, session: Session, incident_id: str) -> list[Alert]:
        """All alerts of an incident."""
        found = await session.execute(select(ALERTS).where(ALERTS.c.incident_id == incident_id))
        return [_alert(row) for row in found.mappings()]

    async def known(self, session: Session, incident_id: str) -> dict[str, Known]:
        """What each member of staff knows of an incident."""
        found = await session.execute(select(AWARENESS).where(AWARENESS.c.incident_id == incident_id))
        return {
            row["staff_id"]: Known(
                Awareness(frozenset(row["told"]), row["all_clear"], row["notices"], row["last_at"]),
                row["subject"],
            )
            for row in found.mappings()
        }

    async def learn(self, session: Session, incident_id: str, staff_id: str, known: Known) -> None:
        """Keep what a member knows now."""
        values: dict[str, Any] = asdict(known.aware) | {
            "told": sorted(known.aware.told),
            "subject": known.subject,
        }
        keep = insert(AWARENESS).values(tenant_id=FLEET, incident_id=incident_id, staff_id=staff_id, **values)
        await session.execute(
            keep.on_conflict_do_update(
                index_elements=["tenant_id", "incident_id", "staff_id"],
                set_={name: keep.excluded[name] for name in values},
            )
        )

    async def close(self, session: Session, incident_id: str) -> None:
        """End an incident; what ended 90 days ago is forgotten."""
        await session.execute(
            update(INCIDENTS).where(INCIDENTS.c.incident_id == incident_id).values(closed_at=func.now())
        )
        old = select(INCIDENTS.c.incident_id).where(INCIDENTS.c.closed_at < datetime.now(UTC) - _KEPT)
        for table in (ALERTS, AWARENESS, INCIDENTS):
            await session.execute(delete(table).where(table.c.incident_id.in_(old)))

    async def lasting(self, session: Session, threshold: str) -> Alert | None:
        """An alert of that threshold that is not over."""
        found = await session.execute(
            select(ALERTS).where(ALERTS.c.threshold == threshold, ALERTS.c.recovery.is_(None)).limit(1)
        )
        row = found.mappings().first()
        return None if row is None else _alert(row)

    async def _open(self, session: Session, group: str) -> str | None:
        found: str | None = await session.scalar(
            select(INCIDENTS.c.incident_id).where(INCIDENTS.c.group == group, INCIDENTS.c.closed_at.is_(None))
        )
        return found

    async def _opened(self, session: Session, alert: Alert) -> str:
        incident_id = new_id()
        await session.execute(
            insert(INCIDENTS).values(
                tenant_id=FLEET, incident_id=incident_id, group=alert.group, opened_at=alert.heard_at
            )
        )
        return incident_id

    async def _recovery_after(self, session: Session, alert: Alert) -> Recovery | None:
        """A recovery of the group that was said after the breach, and heard before it."""
        found = await session.execute(
            select(RECOVERIES).where(RECOVERIES.c.group == alert.group, RECOVERIES.c.said_at >= alert.said_at)
        )
        row = found.mappings().first()
        return None if row is None else Recovery(row["recovered_at"], row["value"], heard_at=alert.heard_at)


def _alert(row: RowMapping) -> Alert:
    own = {
        name: row[name]
        for name in (
            "alert_id", "update", "threshold", "service", "subject", "metric", "value", "limit", "unit", "severity",
            "since", "group", "others", "said_at", "heard_at",
        )
    }  # fmt: skip
    return Alert(
        **own,
        summary=Summary(**row["summary"]),
        members=tuple(row["members"]),
        recovery=None if row["recovery"] is None else _recovery(row["recovery"]),
    )


def _recovery(kept: dict[str, Any]) -> Recovery:
    return Recovery(
        datetime.fromisoformat(kept["at"]), kept["value"], datetime.fromisoformat(kept["heard_at"])
    )


def _recovery_values(recovery: Recovery) -> dict[str, Any]:
    return {
        "at": recovery.at.isoformat(),
        "value": recovery.value,
        "heard_at": recovery.heard_at.isoformat(),
    }
