"""The fleet's staff, and the browsers that show them push messages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from chassis import Session
from chassis.keyring import KeyRing
from notification.adapters.alert_tables import STAFF, SUBSCRIPTIONS
from notification.application.alert_ports import FLEET, Subscription
from notification.domain.staff import Member, QuietHours


class StoredStaff:
    """The port `Staff`: the members in the table, and the one whom the settings name."""

    def __init__(self, ring: KeyRing, first: Member | None) -> None:
        self._ring = ring
        self._first = first

    async def members(self, session: Session) -> list[Member]:
        """Everybody who is told, by address; the table's word on somebody goes before the settings'."""
        found = await session.execute(select(STAFF).order_by(STAFF.c.email))
        members = [_member(row) for row in found.mappings()]
        first = self._first
        if first is None or any(member.email == first.email for member in members):
            return members
        return [first, *members]

    async def member(self, session: Session, staff_id: str) -> Member | None:
        """One of them."""
        members: Sequence[Member] = await self.members(session)
        return next((member for member in members if member.staff_id == staff_id), None)

    async def keep(self, session: Session, member: Member) -> bool:
        """Keep a member, new or changed; False when another one has this address."""
        values: dict[str, Any] = {
            "email": member.email, "language": member.language, "time_zone": member.time_zone,
            "severities": sorted(member.severities), "mail": member.mail, "push": member.push,
            "quiet_from": None if member.quiet is None else member.quiet.begin,
            "quiet_until": None if member.quiet is None else member.quiet.end,
        }  # fmt: skip
        keep = insert(STAFF).values(tenant_id=FLEET, staff_id=member.staff_id, since=member.since, **values)
        try:
            async with session.begin_nested():
                await session.execute(
                    keep.on_conflict_do_update(
                        index_elements=["tenant_id", "staff_id"],
                        set_={name: keep.excluded[name] for name in values},
                    )
                )
        except IntegrityError:
            return False
        return True

    async def remove(self, session: Session, staff_id: str) -> bool:
        """Forget a member and his subscriptions."""
        await session.execute(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.staff_id == staff_id))
        found = await session.execute(
            delete(STAFF).where(STAFF.c.staff_id == staff_id).returning(STAFF.c.staff_id)
        )
        return found.first() is not None

    async def subscribe(self, session: Session, subscription: Subscription) -> str:
        """Keep a subscription, sealed; a browser that was known gets its new keys, and keeps its id."""
        fingerprint = hashlib.sha256(subscription.endpoint.encode()).hexdigest()
        known: str | None = await session.scalar(
            select(SUBSCRIPTIONS.c.subscription_id).where(SUBSCRIPTIONS.c.fingerprint == fingerprint)
        )
        subscription_id = known or subscription.subscription_id
        keys = {
            "endpoint": subscription.endpoint,
            "p256dh": subscription.p256dh,
            "auth": subscription.auth,
        }
        values = {
            "staff_id": subscription.staff_id, "device": subscription.device, "fingerprint": fingerprint,
            "host": urlsplit(subscription.endpoint).hostname or "", "created_at": subscription.created_at,
            "box": self._ring.seal(json.dumps(keys).encode(), _context(subscription_id)),
        }  # fmt: skip
        keep = insert(SUBSCRIPTIONS).values(tenant_id=FLEET, subscription_id=subscription_id, **values)
        await session.execute(
            keep.on_conflict_do_update(
                index_elements=["tenant_id", "subscription_id"],
                set_={name: keep.excluded[name] for name in values},
            )
        )
        return subscription_id

    async def subscription(self, session: Session, subscription_id: str) -> Subscription | None:
        """One subscription. Raises `SealBroken`."""
        found = await session.execute(
            select(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.subscription_id == subscription_id)
        )
        row = found.mappings().first()
        return None if row is None else self._opened(row)

    async def subscriptions(self, session: Session, staff_id: str) -> list[Subscription]:
        """A member's browsers, oldest first. Raises `SealBroken`."""
        found = await session.execute(
            select(SUBSCRIPTIONS)
            .where(SUBSCRIPTIONS.c.staff_id == staff_id)
            .order_by(SUBSCRIPTIONS.c.created_at, SUBSCRIPTIONS.c.subscription_id)
        )
        return [self._opened(row) for row in found.mappings()]

    async def unsubscribe(self, session: Session, subscription_id: str) -> bool:
        """Forget a subscription."""
        found = await session.execute(
            delete(SUBSCRIPTIONS)
            .where(SUBSCRIPTIONS.c.subscription_id == subscription_id)
            .returning(SUBSCRIPTIONS.c.subscription_id)
        )
        return found.first() is not None

    def _opened(self, row: RowMapping) -> Subscription:
        keys = json.loads(self._ring.open(row["box"], _context(row["subscription_id"])))
        return Subscription(row["subscription_id"], row["staff_id"], row["device"], row["created_at"], **keys)


def _context(subscription_id: str) -> str:
    return f"push-subscription\x1f{subscription_id}"


def _member(row: RowMapping) -> Member:
    quiet = None if row["quiet_from"] is None else QuietHours(row["quiet_from"], row["quiet_until"])
    return Member(
        row["staff_id"], row["email"], row["language"], row["time_zone"], frozenset(row["severities"]),
        row["since"], quiet, mail=row["mail"], push=row["push"],
    )  # fmt: skip
