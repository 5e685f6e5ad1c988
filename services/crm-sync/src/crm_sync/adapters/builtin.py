"""The built-in CRM, for companies without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from chassis import Units
from chassis.errors import RetryLater
from contracts.crm.v1 import CrmVendor
from crm_sync.adapters.builtin_records import BuiltinRecords
from crm_sync.application.ports import Found
from crm_sync.domain.customer import Customer, Person, missing
from crm_sync.domain.records import Entry, Task

_ROUNDS = 4


class BuiltinCrm:
    """The port `Crm` over tables of our own; each step is a transaction of its own, as with a vendor."""

    vendor: CrmVendor = "builtin"

    def __init__(self, tenant_id: str, units: Units, records: BuiltinRecords) -> None:
        self._tenant_id = tenant_id
        self._units = units
        self._records = records

    async def find(self, person: Person) -> Found | None:
        """By e-mail, then by phone."""
        async with self._units.reading(self._tenant_id) as session:
            found: list[Customer] = []
            for email in person.emails:
                found = found or await self._records.by_contact(session, "emails", email)
            for phone in person.phones:
                found = found or await self._records.by_contact(session, "phones", phone)
            if not found:
                return None
            best = min(found, key=lambda customer: not customer.is_customer)
            parent = None if best.parent_id is None else await self._records.get(session, best.parent_id)
            return Found(best) if parent is None else Found(parent, best.customer_id)

    async def created_for(self, reference: str) -> Customer | None:
        """By the reference."""
        async with self._units.reading(self._tenant_id) as session:
            return await self._records.by_reference(session, reference)

    async def read(self, customer_id: str) -> Customer | None:
        """A record as it is now."""
        async with self._units.reading(self._tenant_id) as session:
            return await self._records.get(session, customer_id)

    async def create(self, person: Person) -> Customer:
        """Make a customer."""
        async with self._units.begin(self._tenant_id) as transaction:
            return await self._records.create(transaction.session, person)

    async def complete(self, customer: Customer, person: Person) -> Customer:
        """Add what is missing under the record's version."""
        current: Customer | None = customer
        for _ in range(_ROUNDS):
            if current is None:
                return customer
            lacks = missing(current, person)
            if not lacks:
                return current
            async with self._units.begin(self._tenant_id) as transaction:
                changed = await self._records.add(
                    transaction.session, current, email=lacks.email, phone=lacks.phone
                )
            if changed is not None:
                return changed
            current = await self.read(customer.customer_id)
        raise RetryLater(f"customer {customer.customer_id} is being changed by others all the time")

    async def add_contact(self, customer: Customer, person: Person) -> Customer:
        """A person within a company."""
        async with self._units.begin(self._tenant_id) as transaction:
            return await self._records.create(transaction.session, person, parent_id=customer.customer_id)

    async def task(self, customer_id: str, reference: str) -> str | None:
        """The task that bears our reference."""
        async with self._units.reading(self._tenant_id) as session:
            return await self._records.record(session, "task", customer_id, reference)

    async def create_task(self, customer_id: str, task: Task) -> str:
        """A task of the customer."""
        async with self._units.begin(self._tenant_id) as transaction:
            return await self._records.write(
                transaction.session, "task", customer_id, reference=task.reference, subject=task.subject,
                text="\n".join(task.lines), at=datetime.now(UTC),
            )  # fmt: skip

    async def entry(self, customer_id: str, reference: str) -> str | None:
        """The log entry that bears our reference."""
        async with self._units.reading(self._tenant_id) as session:
            return await self._records.record(session, "entry", customer_id, reference)

    async def log(self, customer_id: str, contact_id: str | None, entry: Entry) -> str:  # noqa: ARG002 — the port's form
        """An entry of the customer's history."""
        async with self._units.begin(self._tenant_id) as transaction:
            return await self._records.write(
                transaction.session, "entry", customer_id, reference=entry.reference, subject=entry.subject,
                text="\n".join(entry.lines), at=entry.at,
            )  # fmt: skip

    async def changed_since(self, moment: datetime | None) -> AsyncIterator[Sequence[Customer]]:  # noqa: ARG002 — the port's form
        """Nothing: whoever writes here keeps the copy too."""
        for page in ():
            yield page
