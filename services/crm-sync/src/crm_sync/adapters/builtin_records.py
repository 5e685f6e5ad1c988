"""The records of the built-in CRM."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from chassis import Session
from contracts.envelope import new_id
from crm_sync.adapters.store import BuiltinCustomerRow, BuiltinEntryRow, BuiltinTaskRow, bound_tenant
from crm_sync.domain.customer import Customer, CustomerKind, Person

_FIRST_NUMBER = 10_001
_Record = Literal["task", "entry"]


class BuiltinRecords:
    """The tables of the built-in CRM; what is made bears a reference that is unique."""

    async def by_contact(
        self, session: Session, kind: Literal["emails", "phones"], value: str
    ) -> list[Customer]:
        """Everybody with a contact point, the oldest first."""
        column = BuiltinCustomerRow.emails if kind == "emails" else BuiltinCustomerRow.phones
        query = (
            select(BuiltinCustomerRow)
            .where(col(column).contains([value]))
            .order_by(col(BuiltinCustomerRow.number))
        )
        return [_builtin_customer(row) for row in await session.exec(query)]

    async def by_reference(self, session: Session, reference: str) -> Customer | None:
        """The customer that bears a reference."""
        query = select(BuiltinCustomerRow).where(BuiltinCustomerRow.reference == reference)
        row = (await session.exec(query)).first()
        return None if row is None else _builtin_customer(row)

    async def get(self, session: Session, customer_id: str) -> Customer | None:
        """One customer."""
        query = select(BuiltinCustomerRow).where(BuiltinCustomerRow.customer_id == customer_id)
        row = (await session.exec(query)).first()
        return None if row is None else _builtin_customer(row)

    async def create(self, session: Session, person: Person, *, parent_id: str | None = None) -> Customer:
        """Make a customer, or return the one that bears the reference."""
        await session.execute(
            select(func.pg_advisory_xact_lock(func.hashtext(func.concat("builtin:", bound_tenant()))))
        )
        known = await self.by_reference(session, person.reference)
        if known is not None:
            return known
        newest = (await session.exec(select(func.max(BuiltinCustomerRow.number)))).one()
        row = BuiltinCustomerRow(
            tenant_id=await _tenant_of(session),
            customer_id=new_id(),
            number=max(newest or 0, _FIRST_NUMBER - 1) + 1,
            reference=person.reference,
            name=person.shown_name,
            kind=person.kind,
            parent_id=parent_id,
            emails=list(person.emails),
            phones=list(person.phones),
            version=1,
            modified_at=datetime.now(UTC),
        )
        session.add(row)
        await session.flush()
        return _builtin_customer(row)

    async def add(
        self, session: Session, customer: Customer, *, email: str | None, phone: str | None
    ) -> Customer | None:
        """Add contact points to a record as it was read; None when it was changed in the meantime."""
        changed = await session.execute(
            update(BuiltinCustomerRow)
            .where(
                col(BuiltinCustomerRow.customer_id) == customer.customer_id,
                col(BuiltinCustomerRow.version) == int(customer.version),
            )
            .values(
                emails=[*customer.emails, *([email] if email else [])],
                phones=[*customer.phones, *([phone] if phone else [])],
                version=int(customer.version) + 1,
                modified_at=datetime.now(UTC),
            )
            .returning(BuiltinCustomerRow)
        )
        row = changed.scalars().first()
        return None if row is None else _builtin_customer(row)

    async def record(self, session: Session, kind: _Record, customer_id: str, reference: str) -> str | None:
        """The id of the task or entry that bears a reference."""
        table = BuiltinTaskRow if kind == "task" else BuiltinEntryRow
        query = select(table.id).where(table.customer_id == customer_id, table.reference == reference)
        return (await session.exec(query)).first()

    async def write(
        self,
        session: Session,
        kind: _Record,
        customer_id: str,
        *,
        reference: str,
        subject: str,
        text: str,
        at: datetime,
    ) -> str:
        """Write a task or entry, or return the one that bears the reference."""
        table = BuiltinTaskRow if kind == "task" else BuiltinEntryRow
        written = await session.execute(
            insert(table)
            .values(
                tenant_id=bound_tenant(), id=new_id(), reference=reference, customer_id=customer_id, subject=subject,
                text=text, at=at,
            )
            .on_conflict_do_update(index_elements=["tenant_id", "reference"], set_={"reference": reference})
            .returning(col(table.id))
        )  # fmt: skip
        return str(written.scalar_one())

    async def tasks_of(self, session: Session, customer_id: str, *, limit: int) -> Sequence[BuiltinTaskRow]:
        """A customer's tasks, newest first."""
        query = select(BuiltinTaskRow).where(BuiltinTaskRow.customer_id == customer_id)
        return (await session.exec(query.order_by(col(BuiltinTaskRow.at).desc()).limit(limit))).all()

    async def entries_of(
        self, session: Session, customer_id: str, *, limit: int
    ) -> Sequence[BuiltinEntryRow]:
        """A customer's log entries, newest first."""
        query = select(BuiltinEntryRow).where(BuiltinEntryRow.customer_id == customer_id)
        return (await session.exec(query.order_by(col(BuiltinEntryRow.at).desc()).limit(limit))).all()


async def _tenant_of(session: Session) -> str:
    return str((await session.execute(select(bound_tenant()))).scalar_one())


def _builtin_customer(row: BuiltinCustomerRow) -> Customer:
    return Customer(
        customer_id=row.customer_id,
        name=row.name,
        kind=cast("CustomerKind", row.kind),
        version=str(row.version),
        modified_at=row.modified_at,
        number=str(row.number),
        is_customer=row.parent_id is None,
        parent_id=row.parent_id,
        emails=tuple(row.emails),
        phones=tuple(row.phones),
    )
