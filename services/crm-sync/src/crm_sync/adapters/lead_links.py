"""Which lead belongs to which customer, and what waits to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from chassis import Session
from contracts.crm.v1 import CrmVendor
from crm_sync.adapters.store import LinkRow, WaitingActivityRow, bound_tenant
from crm_sync.application.ports import Link


class LeadLinks:
    """Which lead belongs to which customer, and what waits to know."""

    async def lock(self, session: Session, lead_id: str) -> None:
        """One at a time for a lead, until the transaction ends."""
        key = func.hashtext(func.concat("link:", bound_tenant(), ":", lead_id))
        await session.execute(select(func.pg_advisory_xact_lock(key)))

    async def of(self, session: Session, lead_id: str) -> Link | None:
        """A lead's customer."""
        row = (await session.exec(select(LinkRow).where(LinkRow.lead_id == lead_id))).first()
        return (
            None
            if row is None
            else Link(row.lead_id, cast("CrmVendor", row.vendor), row.customer_id, row.contact_id)
        )

    async def put(self, session: Session, link: Link) -> None:
        """Tie a lead."""
        values = {"vendor": link.vendor, "customer_id": link.customer_id, "contact_id": link.contact_id}
        statement = insert(LinkRow).values(
            tenant_id=bound_tenant(), lead_id=link.lead_id, linked_at=func.now(), **values
        )
        await session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "lead_id"], set_=values)
        )

    async def wait(self, session: Session, lead_id: str, key: str, activity: Mapping[str, JsonValue]) -> None:
        """Let something wait for the tie."""
        await session.execute(
            insert(WaitingActivityRow)
            .values(
                tenant_id=bound_tenant(), lead_id=lead_id, key=key, activity=dict(activity), since=func.now()
            )
            .on_conflict_do_nothing()
        )

    async def take_waiting(self, session: Session, lead_id: str) -> list[Mapping[str, JsonValue]]:
        """What waited, oldest first; it waits no more."""
        taken = await session.execute(
            delete(WaitingActivityRow)
            .where(col(WaitingActivityRow.lead_id) == lead_id)
            .returning(col(WaitingActivityRow.since), col(WaitingActivityRow.activity))
        )
        return [activity for _, activity in sorted(taken.tuples(), key=lambda row: row[0])]
