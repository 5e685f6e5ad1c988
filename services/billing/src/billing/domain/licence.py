"""The licence: what a company may, derived from its subscription and the clock, never set by hand.

no subscription ──▶ trialing ──trial over──▶ grace ──grace over──▶ suspended
active ──payment failed──▶ grace ──grace over──▶ suspended ──paid──▶ active
any ──cancelled at Stripe──▶ ended
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from billing.domain.plans import Catalogue
from billing.domain.subscription import Subscription

LicenceStatus = Literal["trialing", "active", "grace", "suspended", "ended"]
Reason = Literal["trial", "trial_over", "paid", "payment_failed", "cancelled", "paused"]


@dataclass(frozen=True, slots=True)
class Licence:
    """What a company may. `valid_until` is when it must be looked at again, at the latest; None is never."""

    status: LicenceStatus
    plan: str
    reason: Reason
    valid_until: datetime | None

    @property
    def lets_work(self) -> bool:
        """Whether the company may go on working."""
        return self.status not in {"suspended", "ended"}


def licence_of(
    subscription: Subscription | None, *, trial_ends_at: datetime, catalogue: Catalogue, now: datetime
) -> Licence:
    """The licence at this moment."""
    grace = timedelta(days=catalogue.grace_days)
    if subscription is None or subscription.status in {"incomplete", "incomplete_expired"}:
        return _without(catalogue.trial_plan, trial_ends_at, grace, now)
    plan = subscription.plan
    match subscription.status:
        case "trialing":
            return Licence("trialing", plan, "trial", subscription.trial_end or subscription.period_end)
        case "active":
            return Licence("active", plan, "paid", subscription.cancel_at)
        case "past_due" | "unpaid":
            since = subscription.past_due_since or subscription.period_start
            return _owing(plan, since + grace, "payment_failed", now)
        case "canceled":
            return Licence("ended", plan, "cancelled", None)
        case _:
            return Licence("suspended", plan, "paused", None)


def _without(plan: str, trial_ends_at: datetime, grace: timedelta, now: datetime) -> Licence:
    if now < trial_ends_at:
        return Licence("trialing", plan, "trial", trial_ends_at)
    return _owing(plan, trial_ends_at + grace, "trial_over", now)


def _owing(plan: str, until: datetime, reason: Reason, now: datetime) -> Licence:
    if now < until:
        return Licence("grace", plan, reason, until)
    return Licence("suspended", plan, reason, None)
