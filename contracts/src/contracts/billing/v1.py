"""Billing, version 1."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from contracts.envelope import Event

SubscriptionStatus = Literal[
    "incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused"
]


class SubscriptionChanged(Event):
    """A company's subscription is not as it was before."""

    aggregate: ClassVar[str] = "subscription_id"

    subscription_id: str = Field(description="Stripe's id of it.")
    status: SubscriptionStatus = Field(description="What it is now, in Stripe's words.")
    plan: str = Field(description="The plan's name.")
    period_end: datetime = Field(description="When what was paid for ends, UTC.")
    cancel_at: datetime | None = Field(default=None, description="When it ends, if it was cancelled.")


class InvoicePaid(Event):
    """An invoice was paid."""

    aggregate: ClassVar[str] = "invoice_id"

    invoice_id: str = Field(description="Stripe's id of it.")
    number: str | None = Field(default=None, description="The number that stands on it.")
    amount: str = Field(description="What was paid, a decimal as text, such as 49.00.")
    currency: str = Field(min_length=3, max_length=3, description="ISO 4217 code.")
    paid_at: datetime = Field(description="When, UTC.")


class PaymentFailed(Event):
    """An invoice could not be collected; it will be tried again until the licence's grace is over."""

    aggregate: ClassVar[str] = "invoice_id"

    invoice_id: str = Field(description="Stripe's id of it.")
    number: str | None = Field(default=None, description="The number that stands on it.")
    amount: str = Field(description="What is owed, a decimal as text.")
    currency: str = Field(min_length=3, max_length=3, description="ISO 4217 code.")
    attempts: int = Field(ge=1, description="How often it was tried.")


class BudgetReached(Event):
    """A company used up a part of what it wants to spend or use in a month; told once per month and level."""

    aggregate: ClassVar[str] = "tenant_id"

    tenant_id: str = Field(description="The tenant.")
    budget: Literal["money", "message", "document", "page", "minute", "token"] = Field(
        description="What the budget limits: money, or a unit of use."
    )
    spent: str = Field(description="What was spent or used this month, a decimal as text.")
    limit: str = Field(description="The limit, a decimal as text.")
    currency: str | None = Field(default=None, description="ISO 4217 code, for money.")
    level: int = Field(ge=1, le=100, description="How many per cent were reached: 80 or 100.")
    month: str = Field(description="The month, such as 2026-11.")
