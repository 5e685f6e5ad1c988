"""What the staff was told, what became of it, and when each Observer was heard last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import Session
from notification.adapters.alert_tables import DELIVERIES, NOTICES, WATCHES
from notification.application.alert_ports import FLEET, Delivery, DeliveryState, StaffNotice

_KEPT = timedelta(days=90)
_WATCHES_KEPT = timedelta(days=7)


class StoredNotices:
    """The port `Notices`."""

    async def add(self, session: Session, notice: StaffNotice, ways: Sequence[str]) -> None:
        """Keep a notice and the ways that it has to go; those of 90 days ago are forgotten."""
        old = select(NOTICES.c.notice_id).where(NOTICES.c.created_at < notice.created_at - _KEPT)
        for table in (DELIVERIES, NOTICES):
            await session.execute(delete(table).where(table.c.notice_id.in_(old)))
        await session.execute(insert(NOTICES).values(tenant_id=FLEET, **asdict(notice)))
        for way in ways:
            await self.settle(session, Delivery(notice.notice_id, way, "waiting", notice.created_at))

    async def notice(self, session: Session, notice_id: str) -> StaffNotice | None:
        """One notice."""
        found = await session.execute(select(*_NOTICE).where(NOTICES.c.notice_id == notice_id))
        row = found.mappings().first()
        return None if row is None else StaffNotice(**row)

    async def settle(self, session: Session, delivery: Delivery) -> None:
        """Keep what became of a notice on one way."""
        keep = insert(DELIVERIES).values(tenant_id=FLEET, **asdict(delivery))
        await session.execute(
            keep.on_conflict_do_update(
                index_elements=["tenant_id", "notice_id", "way"],
                set_={name: keep.excluded[name] for name in ("state", "reason", "at")},
            )
        )

    async def state(self, session: Session, notice_id: str, way: str) -> DeliveryState | None:
        """What became of it so far."""
        found: DeliveryState | None = await session.scalar(
            select(DELIVERIES.c.state).where(DELIVERIES.c.notice_id == notice_id, DELIVERIES.c.way == way)
        )
        return found

    async def newest(self, session: Session, limit: int) -> list[tuple[StaffNotice, list[Delivery]]]:
        """The newest notices with their deliveries."""
        found = await session.execute(select(*_NOTICE).order_by(NOTICES.c.created_at.desc()).limit(limit))
        notices = [StaffNotice(**row) for row in found.mappings()]
        ids = [notice.notice_id for notice in notices]
        rows = await session.execute(select(*_DELIVERY).where(DELIVERIES.c.notice_id.in_(ids)))
        deliveries: dict[str, list[Delivery]] = defaultdict(list)
        for row in rows.mappings():
            deliveries[row["notice_id"]].append(Delivery(**row))
        return [(notice, deliveries[notice.notice_id]) for notice in notices]

    async def deliveries(self, session: Session, notice_id: str) -> list[Delivery]:
        """What became of one notice, by way."""
        rows = await session.execute(
            select(*_DELIVERY).where(DELIVERIES.c.notice_id == notice_id).order_by(DELIVERIES.c.way)
        )
        return [Delivery(**row) for row in rows.mappings()]

    async def uncertain(self, session: Session, thread: str, staff_id: str) -> bool:
        """Whether a letter of the thread may or may not have reached the member."""
        found = await session.execute(
            select(DELIVERIES.c.notice_id)
            .join(NOTICES, NOTICES.c.notice_id == DELIVERIES.c.notice_id)
            .where(
                NOTICES.c.thread == thread,
                NOTICES.c.staff_id == staff_id,
                DELIVERIES.c.way == "mail",
                DELIVERIES.c.state == "uncertain",
            )
            .limit(1)
        )
        return found.first() is not None


class StoredWatches:
    """The port `Watches`."""

    async def lock(self, session: Session) -> None:
        """Let nobody else change the watch until the transaction ends."""
        await session.execute(text("select pg_advisory_xact_lock(hashtext('watch'))"))

    async def keep(
        self, session: Session, observer_id: str, kept_at: datetime, heard_at: datetime, lapses_at: datetime
    ) -> bool:
        """Note a sign of life; False when a newer one was known. Observers that are long gone are forgotten."""
        await session.execute(
            delete(WATCHES).where(
                WATCHES.c.heard_at < datetime.now(UTC) - _WATCHES_KEPT,
                WATCHES.c.lapses_at < select(func.max(WATCHES.c.lapses_at)).scalar_subquery(),
            )
        )
        keep = insert(WATCHES).values(
            tenant_id=FLEET, observer_id=observer_id, kept_at=kept_at, heard_at=heard_at, lapses_at=lapses_at
        )
        fresh = await session.execute(
            keep.on_conflict_do_update(
                index_elements=["tenant_id", "observer_id"],
                set_={name: keep.excluded[name] for name in ("kept_at", "heard_at", "lapses_at")},
                where=WATCHES.c.kept_at < keep.excluded.kept_at,
            ).returning(WATCHES.c.observer_id)
        )
        return fresh.first() is not None

    async def forget(self, session: Session, observer_id: str) -> None:
        """Forget an Observer."""
        await session.execute(delete(WATCHES).where(WATCHES.c.observer_id == observer_id))

    async def last(self, session: Session) -> tuple[datetime, datetime] | None:
        """When the last sign was given, and when the last of the watches lapses."""
        found = await session.execute(select(func.max(WATCHES.c.kept_at), func.max(WATCHES.c.lapses_at)))
        kept_at, lapses_at = found.one()
        return None if kept_at is None else (kept_at, lapses_at)


_NOTICE = [column for column in NOTICES.c if column.name != "tenant_id"]
_DELIVERY = [column for column in DELIVERIES.c if column.name != "tenant_id"]
