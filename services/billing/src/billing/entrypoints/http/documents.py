"""The documents of billing's API. Money is a decimal as text, with its currency beside it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from billing.domain.budget import Measure
from billing.domain.units import Unit

Exact = Annotated[str, Field(description="A decimal number, every digit of it.")]
Plain = Annotated[str, Field(min_length=1, max_length=60)]


class Document(BaseModel):
    """A document; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class UsageLine(Document):
    """What was used of a unit in a month. A cost in another currency stands in a line of its own."""

    month: str
    unit: Unit
    currency: str
    quantity: int
    value: Exact
    cost: Exact


class LeadLine(Document):
    """What a lead cost and brought; without a lead, what belongs to none."""

    lead_id: str | None
    unit: Unit
    currency: str
    quantity: int
    value: Exact
    cost: Exact


class InvoiceLineView(Document):
    """A line of an invoice."""

    description: str
    amount: Exact
    quantity: Exact | None
    unit: Unit | None
    proration: bool


class InvoiceView(Document):
    """An invoice, as Stripe wrote it."""

    invoice_id: str
    number: str | None
    status: Literal["draft", "open", "paid", "uncollectible", "void"]
    currency: str
    total: Exact
    amount_due: Exact
    amount_paid: Exact
    created_at: datetime
    paid_at: datetime | None
    page_url: str | None = Field(description="Where it can be seen and paid.")
    pdf_url: str | None
    lines: tuple[InvoiceLineView, ...]


class TierView(Document):
    """A step of a rate."""

    up_to: int | None = Field(description="Up to so many in a period, inclusive; absent for the last.")
    each: Exact


class PlanView(Document):
    """A plan that can be bought."""

    name: str
    title: dict[str, str]
    monthly: dict[str, Exact]
    features: tuple[str, ...]
    limits: dict[str, int]
    prices: dict[str, dict[Unit, tuple[TierView, ...]]] = Field(
        description="Per unit of use, by currency, in graduated tiers: an included quantity is a first tier at nothing."
    )
    prices_version: str
    valid_from: date


class SubscriptionView(Document):
    """What a company has, and what it may."""

    plan: str | None
    status: str | None = Field(description="In Stripe's words; absent while nothing was bought.")
    currency: str
    period_start: datetime | None
    period_end: datetime | None
    cancel_at: datetime | None
    trial_ends_at: datetime
    licence: str | None = Field(description="trialing, active, grace, suspended or ended.")
    licence_until: datetime | None


class CheckoutWish(Document):
    """What shall be bought."""

    plan: Plain
    currency: Annotated[str, Field(min_length=3, max_length=3)] | None = None


class PlanWish(Document):
    """Another plan."""

    plan: Plain


class Cancellation(Document):
    """When it shall end."""

    at_period_end: bool = True


class PageView(Document):
    """Where a person goes on, at Stripe."""

    url: str


class BudgetDocument(Document):
    """A limit for each month."""

    measure: Measure = Field(description="`money`, or a unit of use.")
    limit: Annotated[str, Field(pattern=r"^\d{1,15}(\.\d{1,12})?$", description="A decimal number.")]


class BudgetsDocument(Document):
    """All budgets; they replace those of before."""

    budgets: tuple[BudgetDocument, ...] = Field(max_length=10)


class BudgetView(Document):
    """How far a budget is used up this month."""

    measure: Measure
    limit: Exact
    currency: str | None
    spent: Exact
    state: Literal["open", "near", "reached"]


class Reversal(Document):
    """Why a record of use is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=300)]


class CompanyLine(Document):
    """A company in the list of those who are billed."""

    tenant_id: str
    plan: str | None
    status: str | None
    licence: str | None
    currency: str
    meters: dict[str, int] = Field(description="Records of use that wait, were sent, were refused.")


class DriftLine(Document):
    """A difference between Stripe and the ledger."""

    company_id: str
    kind: str
    subject: str
    sentence: str
    mended: bool


class StrayLine(Document):
    """An event of a customer whom nobody knows."""

    event_id: str
    type: str
    object_id: str
    note: str | None
    heard_at: datetime


class DriftView(Document):
    """All that reconciliation found, and what Stripe told of strangers."""

    drift: tuple[DriftLine, ...]
    strays: tuple[StrayLine, ...]


class Balance(Document):
    """The sum of an account; a debit is positive."""

    account: str
    currency: str
    amount: Exact
