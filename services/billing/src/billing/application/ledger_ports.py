"""What the use cases need of the books of use: the ledger, what the meters are told, budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from billing.domain.budget import Budget, BudgetState
from billing.domain.drift import HourlySums
from billing.domain.invoice import Invoice
from billing.domain.ledger import Entry
from billing.domain.units import Unit
from billing.domain.usage import Usage


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
