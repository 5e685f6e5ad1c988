"""A subscription as Stripe has it, in the fields that billing needs; none of them is about a card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal[
    "incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused"
]
"""Stripe's own words for it."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A snapshot, taken at `fetched_at`: a later one replaces it whole, whatever event led to it."""

    subscription_id: str
    customer_id: str
    status: Status
    plan: str
    price_version: str
    currency: str
    period_start: datetime
    period_end: datetime
    fetched_at: datetime
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    past_due_since: datetime | None = None

    def is_billed(self, at: datetime) -> bool:
        """Whether use at that time goes onto an invoice."""
        return self.status in {"active", "past_due", "unpaid"} or (
            self.status == "trialing" and self.trial_end is not None and at >= self.trial_end
        )

    def open_since(self, now: datetime) -> datetime:
        """When the period began whose invoice is not written yet: the snapshot may be older than the end of its own."""
        return self.period_end if now >= self.period_end else self.period_start

    def in_trial(self, at: datetime) -> bool:
        """Whether that time lies within the trial: Stripe bills no use of it."""
        return self.trial_end is not None and at < self.trial_end

    @property
    def is_over(self) -> bool:
        """Whether it can never be billed again."""
        return self.status in {"canceled", "incomplete_expired"}
