"""An invoice as Stripe wrote it: numbers, lines, links. What it was paid with is Stripe's affair and is kept nowhere here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from billing.domain.units import Unit

InvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line: a unit of use (with tiers one of them), or the fee, or a part of it (proration).

    `amount` is what it adds, rounded, perhaps negative; `each` what one of its quantity costs, unrounded.
    """

    line_id: str
    description: str
    amount: Decimal
    quantity: Decimal | None
    unit: Unit | None
    proration: bool
    period_start: datetime
    period_end: datetime
    each: Decimal | None = None

    @property
    def exact(self) -> Decimal | None:
        """What it adds, unrounded; None when the line does not say."""
        return None if self.each is None or self.quantity is None else self.each * self.quantity


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What was credited of an invoice after it was written; `to_balance` of it went to the company's credit."""

    credit_note_id: str
    amount: Decimal
    to_balance: Decimal
    refunded: Decimal
    voided: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice; amounts in its currency. `credit_used` is what the company's credit paid of it: below zero, what it gained."""

    invoice_id: str
    number: str | None
    status: InvoiceStatus
    currency: str
    total: Decimal
    tax: Decimal
    discount: Decimal
    credit_used: Decimal
    amount_due: Decimal
    amount_paid: Decimal
    created_at: datetime
    finalized_at: datetime | None
    paid_at: datetime | None
    uncollectible_at: datetime | None
    period_start: datetime
    period_end: datetime
    subscription_id: str | None
    page_url: str | None
    pdf_url: str | None
    attempts: int
    lines: tuple[InvoiceLine, ...]
    credit_notes: tuple[CreditNote, ...] = ()

    @property
    def is_written(self) -> bool:
        """Whether it stands: a draft may still change."""
        return self.finalized_at is not None and self.status != "draft"
