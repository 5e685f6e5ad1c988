"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import JsonValue

from contracts.crm.v1 import CrmVendor
from contracts.envelope import Envelope, Following
from contracts.tenants.http_v1 import TenantProfile
from crm_sync.domain.customer import Customer, Person
from crm_sync.domain.records import Entry, Task

Session = Any
"""The store's own session: the application only hands it on."""
Remembered = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Found:
    """A customer that somebody belongs to; `contact_id` is the person's own record within a company."""

    customer: Customer
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A lead's customer."""

    lead_id: str
    vendor: CrmVendor
    customer_id: str
    contact_id: str | None


class Crm(Protocol):
    """One company's CRM. What is created bears our reference, so that it can be found after a crash."""

    @property
    def vendor(self) -> CrmVendor: ...

    async def find(self, person: Person) -> Found | None:
        """Somebody with one of the person's contact points: by e-mail first, then by phone."""
        ...

    async def created_for(self, reference: str) -> Customer | None:
        """The customer or contact that bears our reference."""
        ...

    async def read(self, customer_id: str) -> Customer | None:
        """A record as it is now; None when it is gone."""
        ...

    async def create(self, person: Person) -> Customer:
        """Make a customer."""
        ...

    async def complete(self, customer: Customer, person: Person) -> Customer:
        """Add what the record lacks; when somebody else changed it meanwhile, read it again and look again."""
        ...

    async def add_contact(self, customer: Customer, person: Person) -> Customer:
        """Make a contact within a company."""
        ...

    async def task(self, customer_id: str, reference: str) -> str | None:
        """The id of the task that bears our reference."""
        ...

    async def create_task(self, customer_id: str, task: Task) -> str:
        """Make a task; returns its id."""
        ...

    async def entry(self, customer_id: str, reference: str) -> str | None:
        """The id of the log entry that bears our reference."""
        ...

    async def log(self, customer_id: str, contact_id: str | None, entry: Entry) -> str:
        """Write a log entry; returns its id."""
        ...

    def changed_since(self, moment: datetime | None) -> AsyncIterator[Sequence[Customer]]:
        """The records changed at or after a moment, oldest change first, in pages; None asks for all."""
        ...


class Crms(Protocol):
    """Which company has which CRM."""

    async def of(self, tenant_id: str, vendor: CrmVendor | None = None) -> Crm:
        """The company's CRM, or its former one when a link still points there."""
        ...


class Profiles(Protocol):
    """Who the tenants are."""

    async def profile(self, tenant_id: str) -> TenantProfile: ...


class Unit(Protocol):
    """The message that is handled, a short read, and effects that happen once."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def envelope(self) -> Envelope: ...
    def reading(self) -> AbstractAsyncContextManager[Session]: ...
    async def effect(
        self,
        key: str,
        *,
        look_up: Callable[[], Awaitable[Remembered | None]],
        call: Callable[[], Awaitable[Remembered]],
    ) -> Remembered: ...


class Open(Protocol):
    """An open transaction."""

    @property
    def session(self) -> Session: ...
    def say(self, *following: Following) -> None: ...


class Transactions(Protocol):
    """Transactions of a tenant that no message caused."""

    def begin(self, tenant_id: str) -> AbstractAsyncContextManager[Open]: ...


class Copy(Protocol):
    """The local copy of the customers."""

    async def find(self, session: Session, vendor: CrmVendor, person: Person) -> Found | None: ...
    async def put(self, session: Session, vendor: CrmVendor, customers: Sequence[Customer]) -> list[Customer]:
        """Keep records as the CRM has them now, never an older state over a newer; returns those that changed."""
        ...

    async def take_turn(self, session: Session, vendor: CrmVendor) -> Turn | None:
        """Take the turn to follow the CRM's changes; None while it is not due or another process has it."""
        ...

    async def move_cursor(self, session: Session, vendor: CrmVendor, until: datetime) -> None: ...
    async def end_turn(self, session: Session, vendor: CrmVendor, *, next_in: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """How far the changes were followed before; None when never."""

    modified_until: datetime | None


class Links(Protocol):
    """Which lead belongs to which customer, and what waits to know."""

    async def lock(self, session: Session, lead_id: str) -> None:
        """One at a time: tying a lead, and letting something wait for the tie."""
        ...

    async def of(self, session: Session, lead_id: str) -> Link | None: ...
    async def put(self, session: Session, link: Link) -> None: ...
    async def wait(
        self, session: Session, lead_id: str, key: str, activity: Mapping[str, JsonValue]
    ) -> None: ...
    async def take_waiting(self, session: Session, lead_id: str) -> list[Mapping[str, JsonValue]]: ...
