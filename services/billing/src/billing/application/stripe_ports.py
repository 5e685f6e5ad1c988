"""What the use cases need of Stripe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.application.ledger_ports import MeterEvent
from billing.domain.invoice import Invoice
from billing.domain.plans import Catalogue
from billing.domain.subscription import Subscription
from billing.domain.units import Unit


@dataclass(frozen=True, slots=True)
class NewSession:
    """Where a person goes on at Stripe."""

    session_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whose an object of Stripe's is, and which invoice it is of or about."""

    customer_id: str
    invoice_id: str | None = None


class Payments(Protocol):
    """Stripe, as far as billing needs it. Every method raises vendorkit's five errors and `NotConfigured`."""

    @property
    def configured(self) -> bool:
        """Whether there is a key."""
        ...

    async def seed(self, catalogue: Catalogue) -> list[str]:
        """Make what is missing of products, prices and meters; returns what was made."""
        ...

    async def find_customer(self, tenant_id: str) -> str | None:
        """The customer that carries this tenant's id."""
        ...

    async def make_customer(self, tenant_id: str, *, name: str, email: str, key: str) -> str:
        """Make a customer; the same key makes the same one."""
        ...

    async def customer_is_there(self, customer_id: str) -> bool:
        """Whether there is such a customer and it was not deleted."""
        ...

    async def open_checkout(
        self, tenant_id: str, customer_id: str, *, plan: str, price_version: str, currency: str, return_url: str, key: str
    ) -> NewSession:  # fmt: skip
        """A checkout of a plan with its metered prices."""
        ...

    async def open_portal(self, customer_id: str, *, return_url: str) -> NewSession:
        """Stripe's own page for payment details and invoices."""
        ...

    async def change_plan(
        self, subscription: Subscription, *, plan: str, price_version: str, key: str
    ) -> None:
        """Change to another plan from now on, prorated."""
        ...

    async def cancel(self, subscription: Subscription, *, at_period_end: bool, key: str) -> None:
        """Cancel a subscription."""
        ...

    async def subscriptions_of(self, customer_id: str) -> list[Subscription]:
        """A customer's subscriptions, newest first, ended ones too."""
        ...

    async def invoice(self, invoice_id: str) -> tuple[str, Invoice] | None:
        """An invoice as it is now, and whose customer's it is."""
        ...

    def invoices_of(self, customer_id: str, *, since: datetime | None = None) -> AsyncIterator[Invoice]:
        """A customer's invoices, newest first."""
        ...

    async def whereabouts(self, kind: str, object_id: str) -> Whereabouts | None:
        """Whose an object of Stripe's is; None when there is no such object."""
        ...

    async def report(self, event: MeterEvent, *, customer_id: str, at: datetime) -> None:
        """Tell a meter; the same identifier counts once."""
        ...

    async def metered(
        self, customer_id: str, unit: Unit, since: datetime, until: datetime
    ) -> Mapping[datetime, int]:
        """What a meter has counted for a customer, by hour."""
        ...
