"""What is recorded of a fact, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.adapters.plan_file import read_catalogue
from billing.domain.budget import Budget, BudgetState
from billing.domain.licence import licence_of
from billing.domain.money import NoAmount, UnknownCurrency, amount, currency, from_minor, rounded, to_minor
from billing.domain.subscription import Subscription
from billing.domain.usage import BadFact, Fact, Terms, usage_id, usage_of

CATALOGUE = read_catalogue()
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACTIVE = Subscription(
    "sub_1",
    "cus_1",
    "active",
    "team",
    "2026-01",
    "EUR",
    datetime(2026, 11, 10, tzinfo=UTC),
    datetime(2026, 12, 10, tzinfo=UTC),
    NOW,
)
TERMS = Terms("EUR", CATALOGUE.prices("team", on=date(2026, 11, 20)), ACTIVE)


def test_a_call_is_recorded_like_everything_else() -> None:
    usage = usage_of(Fact("minute", 7, NOW, lead_id="lead-1"), "event-1", TERMS, now=NOW)

    assert (usage.value, usage.billable, usage.month) == (Decimal("0.63"), True, "2026-11")


def test_the_same_event_has_the_same_record_and_another_unit_another() -> None:
    assert usage_id("e", "token") == usage_id("e", "token") != usage_id("e", "page")


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (Fact("token", -1, NOW), "reversal"),
        (Fact("token", 1, NOW, cost=Decimal("-1"), cost_currency="EUR"), "reversal"),
        (Fact("mile", 1, NOW), "no unit"),
        (Fact("token", 1, NOW - timedelta(days=500)), "older than 400 days"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(fact: Fact, why: str) -> None:
    with pytest.raises(BadFact, match=why):
        usage_of(fact, "e", TERMS, now=NOW)


def test_a_currency_without_a_price_is_refused() -> None:
    with pytest.raises(UnknownCurrency, match="PLN"):
        usage_of(Fact("token", 1, NOW), "e", replace(TERMS, currency="PLN"), now=NOW)


def test_a_clock_that_is_ahead_counts_as_now() -> None:
    assert usage_of(Fact("token", 1, NOW + timedelta(days=3)), "e", TERMS, now=NOW).accounted_at == NOW


def test_use_of_before_the_period_counts_from_its_beginning_even_when_the_snapshot_is_old() -> None:
    fact, later = Fact("token", 1, datetime(2026, 11, 9, tzinfo=UTC)), datetime(2026, 12, 11, tzinfo=UTC)

    assert usage_of(fact, "e", TERMS, now=NOW).accounted_at == ACTIVE.period_start
    assert usage_of(fact, "e", TERMS, now=later).accounted_at == ACTIVE.period_end


@pytest.mark.parametrize(
    ("subscription", "note"),
    [
        (None, "no subscription yet"),
        (replace(ACTIVE, status="canceled", ended_at=NOW), "ended on 2026-11-20"),
        (replace(ACTIVE, status="trialing", trial_end=NOW + timedelta(days=1)), "within the trial"),
        (replace(ACTIVE, status="paused"), "is paused"),
    ],
)
def test_use_that_nobody_is_billed_for_is_worth_nothing_and_says_why(
    subscription: Subscription | None, note: str
) -> None:
    usage = usage_of(Fact("page", 3, NOW), "e", replace(TERMS, subscription=subscription), now=NOW)

    assert (usage.billable, usage.value, usage.cost) == (False, 0, Decimal("0.0024"))
    assert note in (usage.note or "")


@pytest.mark.parametrize(
    ("money", "code", "minor"),
    [("12.345", "EUR", 1235), ("12.3449", "EUR", 1234), ("-0.005", "EUR", -1), ("99.5", "JPY", 100)],
)
def test_money_is_rounded_half_up_to_the_currencys_coin(money: str, code: str, minor: int) -> None:
    assert to_minor(Decimal(money), code) == minor
    assert rounded(Decimal(money), code) == from_minor(minor, code)


@pytest.mark.parametrize("text", ["viel", "NaN", "Infinity", ""])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(NoAmount):
        amount(text)


def test_what_is_no_currency_is_refused() -> None:
    assert currency("eur") == "EUR"
    with pytest.raises(UnknownCurrency, match="no currency"):
        currency("XXX")


@pytest.mark.parametrize(
    ("subscription", "at", "licence"),
    [
        (None, 10, ("trialing", "trial")),
        (None, 15, ("grace", "trial_over")),
        (None, 22, ("suspended", "trial_over")),
        (replace(ACTIVE, status="incomplete"), 15, ("grace", "trial_over")),
        (ACTIVE, 99, ("active", "paid")),
        (replace(ACTIVE, status="past_due", past_due_since=NOW), 6, ("grace", "payment_failed")),
        (replace(ACTIVE, status="past_due", past_due_since=NOW), 7, ("suspended", "payment_failed")),
        (replace(ACTIVE, status="unpaid", past_due_since=NOW), 8, ("suspended", "payment_failed")),
        (replace(ACTIVE, status="canceled", ended_at=NOW), 0, ("ended", "cancelled")),
        (replace(ACTIVE, status="paused"), 0, ("suspended", "paused")),
        (replace(ACTIVE, status="trialing", trial_end=NOW), 0, ("trialing", "trial")),
    ],
)
def test_the_licence_follows_from_the_subscription_and_the_clock(
    subscription: Subscription | None, at: int, licence: tuple[str, str]
) -> None:
    found = licence_of(
        subscription,
        trial_ends_at=NOW + timedelta(days=14),
        catalogue=CATALOGUE,
        now=NOW + timedelta(days=at),
    )

    assert (found.status, found.reason) == licence
    assert found.lets_work == (licence[0] not in {"suspended", "ended"})


def test_an_active_licence_that_was_cancelled_says_when_it_ends() -> None:
    ending = replace(ACTIVE, cancel_at=ACTIVE.period_end)

    assert (
        licence_of(ending, trial_ends_at=NOW, catalogue=CATALOGUE, now=NOW).valid_until == ACTIVE.period_end
    )


@pytest.mark.parametrize(
    ("spent", "state"), [("79.99", "open"), ("80", "near"), ("100", "reached"), ("250", "reached")]
)
def test_a_budget_is_open_near_or_reached(spent: str, state: str) -> None:
    assert BudgetState(Budget("money", Decimal(100), "EUR"), Decimal(spent)).state == state
    assert BudgetState(Budget("money", Decimal(0), "EUR"), Decimal(0)).state == "reached"
