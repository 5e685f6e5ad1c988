"""A fact of use, and the record that is made of it: what was used, by whom, at which price and which cost to us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from billing.domain.money import UnknownCurrency, currency
from billing.domain.plans import PriceList
from billing.domain.rates import Rate, charge, each_at
from billing.domain.subscription import Subscription
from billing.domain.units import UNITS, Unit

_USAGE: UUID = uuid5(NAMESPACE_URL, "urn:frontdesk:usage")
OLDEST = timedelta(days=400)
"""What is older is a clock that is off, or a history that was imported: nobody is billed for it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """That something was used. A quantity of 0 carries a cost alone. `occurred_at` is aware, in UTC."""

    unit: Unit
    quantity: int
    occurred_at: datetime
    lead_id: str | None = None
    message_id: str | None = None
    document_id: str | None = None
    model: str | None = None
    cost: Decimal | None = None
    cost_currency: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """One line of the record of use. `value` is what the company owes for it, unrounded; `cost` is what it cost us.

    `accounted_at` is the time by which it is billed: a month whose invoice was written takes nothing more. `price` is that of
    the last of its units: with tiers the others may have cost another.
    """

    usage_id: str
    event_id: str
    fact: Fact
    accounted_at: datetime
    currency: str
    price: Decimal
    value: Decimal
    cost: Decimal
    cost_currency: str
    billable: bool
    note: str | None

    @property
    def month(self) -> str:
        """The month that it counts for, such as 2026-11 (UTC)."""
        return self.accounted_at.strftime("%Y-%m")


class BadFact(ValueError):
    """A fact that cannot be true; its message says what and what to do."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a company's use is reckoned by at this moment."""

    currency: str
    prices: PriceList
    subscription: Subscription | None

    def rate(self, unit: Unit) -> Rate:
        """What a unit costs. Raises `UnknownCurrency`."""
        rates = self.prices.prices.get(self.currency)
        if rates is None:
            raise UnknownCurrency(self.currency)
        return rates[unit]


def usage_id(event_id: str, unit: Unit) -> str:
    """The id of a record, and its identifier at Stripe's meter: the same event is the same record (UUIDv5)."""
    return str(uuid5(_USAGE, f"{event_id}\x1f{unit}"))


def usage_of(fact: Fact, event_id: str, terms: Terms, *, now: datetime) -> Usage:
    """The record of a fact, as the first of its period. Raises `BadFact` for what cannot be, `UnknownCurrency`."""
    _check(fact, now)
    billable, note = _billable(fact, terms.subscription)
    rate = terms.rate(fact.unit)
    cost, cost_currency = _cost(fact, terms.prices)
    accounted_at = accounting_time(fact.occurred_at, terms.subscription, now=now)
    if billable and accounted_at != fact.occurred_at and fact.occurred_at < now:
        note = f"came after the invoice of its time: counts from {accounted_at:%Y-%m-%d}"
    return Usage(
        usage_id=usage_id(event_id, fact.unit), event_id=event_id, fact=fact, accounted_at=accounted_at,
        currency=terms.currency, price=each_at(rate, fact.quantity),
        value=charge(rate, fact.quantity) if billable else Decimal(0), cost=cost, cost_currency=cost_currency,
        billable=billable, note=note,
    )  # fmt: skip


def rated(usage: Usage, rate: Rate, *, before: int) -> Usage:
    """A billable record, priced after so many of the same unit and period."""
    quantity = usage.fact.quantity
    return replace(usage, price=each_at(rate, before + quantity), value=charge(rate, quantity, before=before))


def accounting_time(occurred_at: datetime, subscription: Subscription | None, *, now: datetime) -> datetime:
    """When a fact counts: as it occurred, but not before the period that is still open, and not in the future."""
    counted = min(occurred_at, now)
    if subscription is not None and subscription.is_billed(now):
        return max(counted, subscription.open_since(now))
    return counted


def _billable(fact: Fact, subscription: Subscription | None) -> tuple[bool, str | None]:
    if subscription is None:
        return False, "no subscription yet"
    if subscription.ended_at is not None:
        return False, f"the subscription ended on {subscription.ended_at:%Y-%m-%d}"
    if subscription.in_trial(fact.occurred_at):
        return False, "within the trial"
    if not subscription.is_billed(fact.occurred_at):
        return False, f"the subscription is {subscription.status}"
    if fact.quantity == 0:
        return False, None
    return True, None


def _cost(fact: Fact, prices: PriceList) -> tuple[Decimal, str]:
    if fact.cost is not None:
        return fact.cost, currency(fact.cost_currency or "")
    by_list = prices.costs.get(fact.unit)
    return (by_list.amount * fact.quantity, by_list.currency) if by_list is not None else (Decimal(0), "EUR")


def _check(fact: Fact, now: datetime) -> None:
    if fact.unit not in UNITS:
        raise BadFact(f"{fact.unit!r} is no unit that use is counted in: {', '.join(UNITS)}")
    if fact.quantity < 0:
        raise BadFact(
            f"{fact.quantity} {fact.unit}: use is never negative; a correction is a reversal of its record"
        )
    if fact.cost is not None and fact.cost < 0:
        raise BadFact(
            f"a cost of {fact.cost}: no supplier pays us for use; a correction is a reversal of its record"
        )
    if fact.occurred_at < now - OLDEST:
        raise BadFact(
            f"it is said to have happened on {fact.occurred_at:%Y-%m-%d}: older than {OLDEST.days} days"
        )
