"""What the use cases need from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.application.ledger_ports import Budgets, Ledger, Meters
from billing.domain.drift import Drift
from billing.domain.invoice import Invoice
from billing.domain.licence import Licence
from billing.domain.subscription import Subscription
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
