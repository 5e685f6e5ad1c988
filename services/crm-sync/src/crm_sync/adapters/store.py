"""The copy of the customers, the leads' ties, and the built-in CRM: the only place for tables and queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, cast

from pydantic import JsonValue
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    Text,
    and_,
    column,
    delete,
    func,
    literal,
    or_,
    update,
)
from sqlalchemy import select as plain_select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel, col, select

from chassis import Session
from contracts.crm.v1 import CrmVendor
from contracts.envelope import new_id
from crm_sync.application.ports import Found, Link, Turn
from crm_sync.domain.contact_points import words_of
from crm_sync.domain.customer import Customer, CustomerKind, Person

_LEASE = timedelta(minutes=5)
_FIRST_NUMBER = 10_001
_LAST_SIGN = "\U0010ffff"
_SCHEMA: dict[str, str] = {"schema": "crm_sync"}
_Record = Literal["task", "entry"]
_COPIED: dict[str, TypeEngine[Any]] = {
    "customer_id": Text(), "number": Text(), "name": Text(), "kind": Text(), "is_customer": Boolean(),
    "parent_id": Text(), "emails": JSONB(), "phones": JSONB(), "version": Text(),
    "modified_at": DateTime(timezone=True),
}  # fmt: skip


class CustomerRow(SQLModel, table=True):
    """A customer, or a contact of one, as the CRM had it when it was last seen."""

    __tablename__: ClassVar[str] = "customers"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)
    number: str | None = None
    name: str
    kind: str
    is_customer: bool
    parent_id: str | None = None
    emails: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    phones: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    version: str
    modified_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class CustomerKeyRow(SQLModel, table=True):
    """By what a customer is found: an e-mail address, a phone number, the beginning of a word."""

    __tablename__: ClassVar[str] = "customer_keys"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)


class CursorRow(SQLModel, table=True):
    """How far a CRM's changes were followed, and who is at it."""

    __tablename__: ClassVar[str] = "cursors"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    modified_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    leased_until: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options
    due_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class LinkRow(SQLModel, table=True):
    """A lead's customer."""

    __tablename__: ClassVar[str] = "links"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    vendor: str
    customer_id: str
    contact_id: str | None = None
    linked_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class WaitingActivityRow(SQLModel, table=True):
    """Something that happened with a lead before its customer was known."""

    __tablename__: ClassVar[str] = "waiting_activities"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    activity: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    since: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class BuiltinCustomerRow(SQLModel, table=True):
    """A customer of a company that has no CRM of its own."""

    __tablename__: ClassVar[str] = "builtin_customers"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)
    number: int = Field(sa_type=Integer)
    reference: str
    name: str
    kind: str
    parent_id: str | None = None
    emails: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    phones: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    version: int
    modified_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class BuiltinTaskRow(SQLModel, table=True):
    """A task for staff in the built-in CRM."""

    __tablename__: ClassVar[str] = "builtin_tasks"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    reference: str
    customer_id: str
    subject: str
    text: str
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class BuiltinEntryRow(SQLModel, table=True):
    """A log entry in the built-in CRM."""

    __tablename__: ClassVar[str] = "builtin_entries"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    reference: str
    customer_id: str
    subject: str
    text: str
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


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
        chosen = plain_select(_tenant(), literal(vendor), *(rows.c[name] for name in _COPIED))
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

    async def forget(self, session: Session, vendor: CrmVendor, customer_id: str) -> None:
        """The CRM has the record no more."""
        for table in (CustomerKeyRow, CustomerRow):
            await session.execute(
                delete(table).where(col(table.vendor) == vendor, col(table.customer_id) == customer_id)
            )

    async def take_turn(self, session: Session, vendor: CrmVendor) -> Turn | None:
        """Take the turn to follow the CRM's changes, for at most five minutes."""
        now = datetime.now(UTC)
        values = {"tenant_id": _tenant(), "vendor": vendor, "leased_until": now + _LEASE, "due_at": now}
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
            _tenant(), literal(vendor), keys.c["kind"], keys.c["value"], keys.c["customer_id"]
        )
        names = ["tenant_id", "vendor", "kind", "value", "customer_id"]
        await session.execute(insert(CustomerKeyRow).from_select(names, chosen).on_conflict_do_nothing())


class LeadLinks:
    """Which lead belongs to which customer, and what waits to know."""

    async def lock(self, session: Session, lead_id: str) -> None:
        """One at a time for a lead, until the transaction ends."""
        key = func.hashtext(func.concat("link:", _tenant(), ":", lead_id))
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
            tenant_id=_tenant(), lead_id=link.lead_id, linked_at=func.now(), **values
        )
        await session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id", "lead_id"], set_=values)
        )

    async def wait(self, session: Session, lead_id: str, key: str, activity: Mapping[str, JsonValue]) -> None:
        """Let something wait for the tie."""
        await session.execute(
            insert(WaitingActivityRow)
            .values(tenant_id=_tenant(), lead_id=lead_id, key=key, activity=dict(activity), since=func.now())
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
            select(func.pg_advisory_xact_lock(func.hashtext(func.concat("builtin:", _tenant()))))
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
                tenant_id=_tenant(), id=new_id(), reference=reference, customer_id=customer_id, subject=subject,
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


def _tenant() -> Any:
    """The tenant that the transaction is bound to, so that a row can be no other's."""
    return func.current_setting("app.tenant_id")


async def _tenant_of(session: Session) -> str:
    return str((await session.execute(select(_tenant()))).scalar_one())


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
