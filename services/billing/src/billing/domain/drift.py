"""Drift: where Stripe and the ledger differ, each in a sentence, and whether it may be mended without asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from billing.domain.invoice import Invoice
from billing.domain.subscription import Subscription
from billing.domain.units import UNITS, Unit

DriftKind = Literal[
    "customer_missing", "subscription_differs", "subscription_unknown", "invoice_missing", "invoice_differs",
    "invoice_unknown", "usage_missing", "usage_uncertain", "usage_extra", "usage_refused", "ledger_unbalanced",
]  # fmt: skip
HourlySums = Mapping[tuple[Unit, datetime], int]
SAME_IDENTIFIER_COUNTS_ONCE_FOR = timedelta(hours=24)
"""Stripe remembers a meter event's identifier for at least this long."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. `subject` is what it is about: an id, or a unit and an hour."""

    company_id: str
    kind: DriftKind
    subject: str
    sentence: str
    mended: bool = False


def compare_hours(ours: HourlySums, theirs: HourlySums) -> Iterator[tuple[Unit, datetime, int, int]]:
    """The hours in which a meter counted something else than it was told: unit, hour, told, counted."""
    for unit, hour in sorted({*ours, *theirs}, key=lambda each: (UNITS.index(each[0]), each[1])):
        told, counted = ours.get((unit, hour), 0), theirs.get((unit, hour), 0)
        if told != counted:
            yield unit, hour, told, counted


def may_send_again(*, counted: int, sent_at: datetime, now: datetime) -> bool:
    """Whether a meter event may be sent again under its identifier without counting twice.

    Either the meter counted nothing in its hour, so it cannot have it; or Stripe still remembers the identifier.
    """
    return counted == 0 or now - sent_at < SAME_IDENTIFIER_COUNTS_ONCE_FOR


def subscription_differences(ours: Subscription | None, theirs: Subscription | None) -> list[str]:
    """The fields in which two snapshots differ; when they were taken does not count."""
    if ours is None or theirs is None:
        return [] if ours is theirs else ["subscription"]
    fields = ("subscription_id", "customer_id", "status", "plan", "price_version", "currency", "period_start", "period_end",
              "trial_end", "cancel_at", "ended_at")  # fmt: skip
    return [name for name in fields if getattr(ours, name) != getattr(theirs, name)]


def invoice_differences(ours: Invoice, theirs: Invoice) -> list[str]:
    """The fields in which two snapshots of an invoice differ."""
    fields = ("number", "status", "currency", "total", "amount_due", "amount_paid", "credit_notes")
    return [name for name in fields if getattr(ours, name) != getattr(theirs, name)]
