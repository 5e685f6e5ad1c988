"""What Stripe's meters are told: what waits, what was sent and under which time, what was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, func, select, update

from billing.adapters.store import METER_EVENTS
from billing.application.ledger_ports import MeterEvent
from billing.domain.drift import HourlySums
from billing.domain.units import Unit
from chassis import Session


class StoredMeters:
    """The port `Meters` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def waiting(self, tenant_id: str, limit: int) -> list[MeterEvent]:
        """What waits, oldest first."""
        rows = await self._session.execute(
            select(METER_EVENTS)
            .where(METER_EVENTS.c.tenant_id == tenant_id, METER_EVENTS.c.state == "waiting")
            .order_by(METER_EVENTS.c.accounted_at, METER_EVENTS.c.usage_id)
            .limit(limit)
        )
        return [
            MeterEvent(row["usage_id"], row["unit"], row["quantity"], row["accounted_at"])
            for row in rows.mappings()
        ]

    async def sent(
        self, tenant_id: str, events: Sequence[MeterEvent], *, open_from: datetime, at: datetime
    ) -> None:
        """Note that they were taken; what is older than the open period counts from its beginning."""
        await self._session.execute(
            update(METER_EVENTS)
            .where(METER_EVENTS.c.tenant_id == tenant_id, METER_EVENTS.c.usage_id.in_([each.usage_id for each in events]))
            .values(state="sent", sent_at=at, reported_at=func.greatest(METER_EVENTS.c.accounted_at, open_from), reason=None)
        )  # fmt: skip

    async def refused(self, tenant_id: str, usage_id: str, reason: str) -> None:
        """Note that one was refused for good."""
        await self._session.execute(
            update(METER_EVENTS)
            .where(METER_EVENTS.c.tenant_id == tenant_id, METER_EVENTS.c.usage_id == usage_id)
            .values(state="refused", reason=reason)
        )

    async def withdraw(self, tenant_id: str, usage_id: str, reason: str) -> bool:
        """Take back what waits; False when a meter has it already."""
        mine = and_(METER_EVENTS.c.tenant_id == tenant_id, METER_EVENTS.c.usage_id == usage_id)
        await self._session.execute(
            update(METER_EVENTS)
            .where(mine, METER_EVENTS.c.state == "waiting")
            .values(state="withdrawn", reason=reason)
        )
        left = await self._session.execute(
            select(METER_EVENTS.c.state).where(mine, METER_EVENTS.c.state == "sent")
        )
        return left.first() is None

    async def sums(self, tenant_id: str, since: datetime, until: datetime) -> HourlySums:
        """What was sent, by unit and hour."""
        hour = func.date_trunc("hour", METER_EVENTS.c.reported_at, "UTC")
        rows = await self._session.execute(
            select(METER_EVENTS.c.unit, hour, func.sum(METER_EVENTS.c.quantity))
            .where(
                METER_EVENTS.c.tenant_id == tenant_id, METER_EVENTS.c.state == "sent",
                METER_EVENTS.c.reported_at >= since, METER_EVENTS.c.reported_at < until,
            )
            .group_by(METER_EVENTS.c.unit, hour)
        )  # fmt: skip
        return {(row[0], row[1].astimezone(UTC)): int(row[2]) for row in rows}

    async def sent_in(self, tenant_id: str, unit: Unit, hour: datetime) -> list[tuple[MeterEvent, datetime]]:
        """The events of an hour, each with when it was sent; `accounted_at` is the time it was reported under."""
        rows = await self._session.execute(
            select(METER_EVENTS)
            .where(
                METER_EVENTS.c.tenant_id == tenant_id, METER_EVENTS.c.state == "sent", METER_EVENTS.c.unit == unit,
                METER_EVENTS.c.reported_at >= hour, METER_EVENTS.c.reported_at < hour + timedelta(hours=1),
            )
            .order_by(METER_EVENTS.c.usage_id)
        )  # fmt: skip
        return [
            (MeterEvent(row["usage_id"], row["unit"], row["quantity"], row["reported_at"]), row["sent_at"])
            for row in rows.mappings()
        ]

    async def counts(self, tenant_id: str) -> Mapping[str, int]:
        """How many wait, were sent, were refused."""
        rows = await self._session.execute(
            select(METER_EVENTS.c.state, func.count())
            .where(METER_EVENTS.c.tenant_id == tenant_id)
            .group_by(METER_EVENTS.c.state)
        )
        return {str(row[0]): int(row[1]) for row in rows}
