"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from billing.domain.budget import Budget, BudgetState
from billing.domain.drift import Drift, HourlySums
from billing.domain.invoice import Invoice
from billing.domain.ledger import Entry
from billing.domain.licence import Licence
from billing.domain.subscription import Subscription
from billing.domain.units import Unit
from billing.domain.usage import Usage
from contracts.tenants.http_v1 import TenantProfile

FLEET = "fleet"
"""The tenant under which the fleet's own rows stand; no company has this id."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant as a customer."""

    tenant_id: str
    name: str
    currency: str
    created_at: datetime
    trial_ends_at: datetime
    customer_id: str | None = None
    subscription: Subscription | None = None
    licence: Licence | None = None
    licence_version: int = 0
    has_budgets: bool = False


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """One record of use on its way to a meter; `usage_id` is its identifier there, by which it counts once."""

    usage_id: str
    unit: Unit
    quantity: int
    accounted_at: datetime


@dataclass(frozen=True, slots=True)
class MonthLine:
    """What a company used of a unit in a month. Value and cost stand in lines by their currencies."""

    month: str
    unit: Unit
    currency: str
    quantity: int
    value: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class LeadLine:
    """What a lead cost and brought, by unit and currency."""

    lead_id: str | None
    unit: Unit
    currency: str
    quantity: int
    value: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class TakenEvent:
    """An event of Stripe's: by its id, never by what stood in it."""

    event_id: str
    type: str
    object_id: str
    api_version: str | None
    state: str
    note: str | None
    heard_at: datetime


class Companies(Protocol):
    """Companies as customers, within one transaction of one company."""

    async def found(self, tenant_id: str, *, lock: bool = False) -> Company | None:
        """The company; with `lock` nobody else changes it until the end."""
        ...

    async def take_on(self, company: Company) -> None:
        """Enter a company that is new; one that is known stays as it is."""
        ...

    async def keep_customer(self, tenant_id: str, customer_id: str) -> None:
        """Keep which of Stripe's customers it is."""
        ...

    async def keep_subscription(self, tenant_id: str, subscription: Subscription) -> bool:
        """Keep a snapshot; False when a later one is known."""
        ...

    async def keep_licence(self, tenant_id: str, licence: Licence, version: int) -> None:
        """Keep the licence."""
        ...

    async def invoices(self, tenant_id: str, limit: int) -> list[Invoice]:
        """The newest invoices, newest first."""
        ...

    async def keep_invoice(self, tenant_id: str, invoice: Invoice, fetched_at: datetime) -> bool:
        """Keep a snapshot of an invoice; False when a later one is known."""
        ...

    async def dun_once(self, tenant_id: str, invoice_id: str, attempts: int) -> bool:
        """Whether the failed attempts of an invoice so far are still to be told, from now on told."""
        ...

    async def keep_event(self, tenant_id: str, event: TakenEvent) -> bool:
        """Note an event; False when it is known."""
        ...


class Directory(Protocol):
    """Who is billed, within one transaction of the fleet."""

    async def companies(self) -> list[str]:
        """The ids of all companies, suspended ones too."""
        ...

    async def enter(self, company_id: str, customer_id: str | None) -> None:
        """Enter a company, or which customer it is."""
        ...

    async def company_of(self, customer_id: str) -> str | None:
        """Whose a customer is."""
        ...

    async def strays(self, limit: int) -> list[TakenEvent]:
        """Events of customers nobody knows, newest first."""
        ...

    async def keep_stray(self, event: TakenEvent) -> bool:
        """Keep one; False when it is known."""
        ...

    async def keep_drift(self, found: Sequence[Drift], at: datetime) -> None:
        """Keep what was found; the same drift is one line."""
        ...

    async def drift(self, limit: int) -> list[Drift]:
        """What was found, newest first."""
        ...


class Ledger(Protocol):
    """The ledger of one company, within one transaction."""

    async def record(self, tenant_id: str, usage: Sequence[Usage]) -> list[str]:
        """Record use with its entries, totals and meter events; returns the ids of those that are new."""
        ...

    async def take_places(
        self, tenant_id: str, period_start: datetime, usage: Sequence[Usage]
    ) -> Mapping[str, int]:
        """Count records that are new into their period; how many of their unit came before each, by the record's id."""
        ...

    async def post(self, tenant_id: str, entries: Sequence[Entry]) -> list[str]:
        """Post entries; returns the ids of those that are new."""
        ...

    async def entry(self, tenant_id: str, entry_id: str) -> Entry | None:
        """One entry with its postings."""
        ...

    async def discount(self, tenant_id: str, usage_id: str) -> None:
        """Take a reversed record out of the sums."""
        ...

    async def balances(self, tenant_id: str) -> Mapping[tuple[str, str], Decimal]:
        """The sum of each account, by account and currency."""
        ...

    async def accrued(self, tenant_id: str, invoice: Invoice) -> Mapping[Unit, Decimal]:
        """What use of an invoice's lines was accrued, by unit, as it was told to the meters."""
        ...

    async def attribute(self, tenant_id: str, subjects: Mapping[str, str]) -> None:
        """Keep which lead messages and documents belong to."""
        ...

    async def months(self, tenant_id: str, since: str) -> list[MonthLine]:
        """Use by month, unit and currency, from a month on."""
        ...

    async def leads(
        self, tenant_id: str, month: str | None, lead_id: str | None, limit: int
    ) -> list[LeadLine]:
        """Cost and value per lead; the costliest first."""
        ...

    async def unbalanced(self, tenant_id: str) -> list[str]:
        """Entries that do not sum to zero; there can be none, and reconciliation looks all the same."""
        ...


class Meters(Protocol):
    """What the meters are told, within one transaction of one company."""

    async def waiting(self, tenant_id: str, limit: int) -> list[MeterEvent]:
        """What waits, oldest first."""
        ...

    async def sent(
        self, tenant_id: str, events: Sequence[MeterEvent], *, open_from: datetime, at: datetime
    ) -> None:
        """Note that they were taken; what is older than the open period counts from its beginning."""
        ...

    async def refused(self, tenant_id: str, usage_id: str, reason: str) -> None:
        """Note that one was refused for good."""
        ...

    async def sums(self, tenant_id: str, since: datetime, until: datetime) -> HourlySums:
        """What was sent, by unit and hour."""
        ...

    async def sent_in(self, tenant_id: str, unit: Unit, hour: datetime) -> list[tuple[MeterEvent, datetime]]:
        """The events of an hour, each with when it was sent."""
        ...

    async def withdraw(self, tenant_id: str, usage_id: str, reason: str) -> bool:
        """Take back what waits; False when a meter has it already."""
        ...

    async def counts(self, tenant_id: str) -> Mapping[str, int]:
        """How many wait, were sent, were refused."""
        ...


class Budgets(Protocol):
    """The budgets of one company, within one transaction."""

    async def states(self, tenant_id: str, month: str) -> list[BudgetState]:
        """The budgets and how far they are used up."""
        ...

    async def keep(self, tenant_id: str, budgets: Sequence[Budget], at: datetime) -> None:
        """Replace the budgets by these."""
        ...

    async def tell_once(
        self, tenant_id: str, month: str, state: BudgetState, level: int, at: datetime
    ) -> bool:
        """Whether a level is still to be told this month, from now on told."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """What belongs to one company within one transaction, and how something is said with it."""

    companies: Companies
    ledger: Ledger
    meters: Meters
    budgets: Budgets
    say: Callable[..., None]


class Books(Protocol):
    """The transactions of billing."""

    def of(self, tenant_id: str) -> AbstractAsyncContextManager[Room]:
        """A company's books, committed at the end."""
        ...

    def fleet(self) -> AbstractAsyncContextManager[Directory]:
        """The directory, committed at the end."""
        ...


class Profiles(Protocol):
    """Who tenants are."""

    async def profile(self, tenant_id: str) -> TenantProfile:
        """What is known of a tenant. Raises the chassis's `RetryLater` and `NeverRetry`."""
        ...

    async def all(self) -> list[str]:
        """The ids of all tenants that are not suspended."""
        ...


class Once(Protocol):
    """Does something in the world once (`chassis.effects.Effects.once`)."""

    async def __call__(
        self, tenant_id: str, key: str, *, look_up: Callable[[], Awaitable[str | None]], call: Callable[[], Awaitable[str]]
    ) -> str:  # fmt: skip
        """What `call` returned, now or the first time."""
        ...


class NotConfigured(Exception):
    """There is no account at Stripe: the ledger runs, and nothing is sold."""

    def __init__(self) -> None:
        super().__init__(
            "Stripe is not configured: set BILLING_STRIPE_KEY; until then use is recorded and nothing can be bought"
        )


class Refused(Exception):
    """What was asked for cannot be done as things are; the message says why and what to do."""
