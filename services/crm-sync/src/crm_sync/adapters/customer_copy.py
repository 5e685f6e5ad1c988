"""The local copy of the CRMs' customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Boolean, DateTime, Text, and_, column, delete, func, literal, or_, update
from sqlalchemy import select as plain_select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.types import TypeEngine
from sqlmodel import col, select

from chassis import Session
from contracts.crm.v1 import CrmVendor
from crm_sync.adapters.store import CursorRow, CustomerKeyRow, CustomerRow, bound_tenant
from crm_sync.application.ports import Found, Turn
from crm_sync.domain.contact_points import words_of
from crm_sync.domain.customer import Customer, CustomerKind, Person

_LEASE = timedelta(minutes=5)
_LAST_SIGN = "\U0010ffff"
_COPIED: dict[str, TypeEngine[Any]] = {
    "customer_id": Text(), "number": Text(), "name": Text(), "kind": Text(), "is_customer": Boolean(),
    "parent_id": Text(), "emails": JSONB(), "phones": JSONB(), "version": Text(),
    "modified_at": DateTime(timezone=True),
}  # fmt: skip


class CustomerCopy:
    """The local copy; every method works in the caller's transaction and its tenant."""

    async def find(self, session: Session, vendor: CrmVendor, person: Person) -> Found | None:
        """Somebody with one of the contact points: by e-mail before phone, customers before contacts."""
        rows = await self.by_contact(session, emails=person.emails, phones=person.phones, vendor=vendor)
        if not rows:
            return None
        row = rows[0]
        if row.is_customer or row.parent_id is None:
            return Found(row)
        parent = await self.get(session, row.parent_id, vendor=vendor)
        return Found(row) if parent is None else Found(parent, row.customer_id)

    async def by_contact(
        self,
        session: Session,
        *,
        emails: Sequence[str] = (),
        phones: Sequence[str] = (),
        vendor: str | None = None,
    ) -> list[Customer]:
        """Everybody with one of the contact points, in normal form."""
        wanted = [("email", email) for email in emails] + [("phone", phone) for phone in phones]
        if not wanted:
            return []
        matches = or_(
            *(
                and_(col(CustomerKeyRow.kind) == kind, col(CustomerKeyRow.value) == value)
                for kind, value in wanted
            )
        )
        query = (
            select(CustomerRow, CustomerKeyRow.kind)
            .join(CustomerKeyRow, _same_customer())
            .where(matches)
            .order_by(
                col(CustomerKeyRow.kind),
                col(CustomerRow.is_customer).desc(),
                func.length(CustomerRow.customer_id),
                col(CustomerRow.customer_id),
            )
        )
        if vendor is not None:
            query = query.where(CustomerRow.vendor == vendor)
        found = {row.customer_id: _customer(row) for row, _ in reversed((await session.exec(query)).all())}
        return list(reversed(found.values()))

    async def by_words(self, session: Session, text: str, *, limit: int) -> list[Customer]:
        """Everybody in whom each word of the text begins a word of name, number or address."""
        query = select(CustomerRow).order_by(CustomerRow.name).limit(limit)
        words = words_of(text)
        if not words:
            return []
        for word in sorted(words):
            begins = select(CustomerKeyRow.customer_id).where(
                _same_customer(),
                CustomerKeyRow.kind == "word",
                col(CustomerKeyRow.value) >= word,
                col(CustomerKeyRow.value) < word + _LAST_SIGN,
            )
            query = query.where(begins.exists())
        return [_customer(row) for row in await session.exec(query)]

    async def get(self, session: Session, customer_id: str, *, vendor: str | None = None) -> Customer | None:
        """One customer."""
        query = select(CustomerRow).where(CustomerRow.customer_id == customer_id)
        if vendor is not None:
            query = query.where(CustomerRow.vendor == vendor)
        row = (await session.exec(query)).first()
        return None if row is None else _customer(row)

    async def put(self, session: Session, vendor: CrmVendor, customers: Sequence[Customer]) -> list[Customer]:
        """Keep records, never an older state over a newer one; returns those that changed."""
        by_id = {customer.customer_id: customer for customer in customers}
        if not by_id:
            return []
        # One parameter holds all rows: thousands of them cost no more statement than one.
        rows = func.jsonb_to_recordset(
            literal([_row(found) for found in by_id.values()], JSONB)
        ).table_valued(*(column(name, kind) for name, kind in _COPIED.items()), name="rows")
        rows = rows.render_derived(with_types=True)
        chosen = plain_select(bound_tenant(), literal(vendor), *(rows.c[name] for name in _COPIED))
        statement = insert(CustomerRow).from_select(
            ["tenant_id", "vendor", *_COPIED], chosen.order_by(rows.c["customer_id"])
        )
        fresh = await session.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id", "vendor", "customer_id"],
                set_={name: statement.excluded[name] for name in _COPIED if name != "customer_id"},
                where=and_(
                    col(CustomerRow.version) != statement.excluded["version"],
                    col(CustomerRow.modified_at) <= statement.excluded["modified_at"],
                ),
            ).returning(col(CustomerRow.customer_id))
        )
        changed = [by_id[customer_id] for customer_id in fresh.scalars()]
        await self._put_keys(session, vendor, changed)
        return changed

    async def take_turn(self, session: Session, vendor: CrmVendor) -> Turn | None:
        """Take the turn to follow the CRM's changes, for at most five minutes."""
        now = datetime.now(UTC)
        values = {"tenant_id": bound_tenant(), "vendor": vendor, "leased_until": now + _LEASE, "due_at": now}
        taken = await session.execute(
            insert(CursorRow)
            .values(values)
            .on_conflict_do_update(
                index_elements=["tenant_id", "vendor"],
                set_={"leased_until": now + _LEASE},
                where=and_(col(CursorRow.due_at) <= now, col(CursorRow.leased_until) < now),
            )
            .returning(col(CursorRow.modified_until))
        )
        row = taken.first()
        return None if row is None else Turn(row[0])

    async def move_cursor(self, session: Session, vendor: CrmVendor, until: datetime) -> None:
        """Note how far the changes were followed, and keep the turn."""
        await session.execute(
            update(CursorRow)
            .where(col(CursorRow.vendor) == vendor)
            .values(
                modified_until=func.greatest(CursorRow.modified_until, until),
                leased_until=datetime.now(UTC) + _LEASE,
            )
        )

    async def end_turn(self, session: Session, vendor: CrmVendor, *, next_in: float) -> None:
        """Give the turn back until the next look."""
        now = datetime.now(UTC)
        await session.execute(
            update(CursorRow)
            .where(col(CursorRow.vendor) == vendor)
            .values(
                leased_until=now - timedelta(seconds=1),
                due_at=now + timedelta(seconds=next_in),
                modified_until=func.coalesce(CursorRow.modified_until, now - _LEASE),
            )
        )

    async def _put_keys(self, session: Session, vendor: str, customers: Sequence[Customer]) -> None:
        if not customers:
            return
        ids = [customer.customer_id for customer in customers]
        await session.execute(
            delete(CustomerKeyRow).where(
                col(CustomerKeyRow.vendor) == vendor, col(CustomerKeyRow.customer_id).in_(ids)
            )
        )
        keys = func.jsonb_to_recordset(
            literal([key for found in customers for key in _keys(found)], JSONB)
        ).table_valued(column("kind", Text), column("value", Text), column("customer_id", Text), name="keys")
        keys = keys.render_derived(with_types=True)
        chosen = plain_select(
            bound_tenant(), literal(vendor), keys.c["kind"], keys.c["value"], keys.c["customer_id"]
        )
        names = ["tenant_id", "vendor", "kind", "value", "customer_id"]
        await session.execute(insert(CustomerKeyRow).from_select(names, chosen).on_conflict_do_nothing())


def _same_customer() -> Any:
    return and_(
        col(CustomerKeyRow.tenant_id) == col(CustomerRow.tenant_id),
        col(CustomerKeyRow.vendor) == col(CustomerRow.vendor),
        col(CustomerKeyRow.customer_id) == col(CustomerRow.customer_id),
    )


def _keys(customer: Customer) -> list[dict[str, str]]:
    words = words_of(customer.name, customer.number or "", *customer.emails)
    keys = [
        *(("email", email) for email in customer.emails),
        *(("phone", phone) for phone in customer.phones),
        *(("word", word) for word in words),
    ]
    return [{"kind": kind, "value": value, "customer_id": customer.customer_id} for kind, value in keys]


def _row(customer: Customer) -> dict[str, object]:
    return {
        "customer_id": customer.customer_id,
        "number": customer.number,
        "name": customer.name,
        "kind": customer.kind,
        "is_customer": customer.is_customer,
        "parent_id": customer.parent_id,
        "emails": list(customer.emails),
        "phones": list(customer.phones),
        "version": customer.version,
        "modified_at": customer.modified_at.isoformat(),
    }


def _customer(row: CustomerRow) -> Customer:
    return Customer(
        customer_id=row.customer_id,
        name=row.name,
        kind=cast("CustomerKind", row.kind),
        version=row.version,
        modified_at=row.modified_at,
        number=row.number,
        is_customer=row.is_customer,
        parent_id=row.parent_id,
        emails=tuple(row.emails),
        phones=tuple(row.phones),
    )
