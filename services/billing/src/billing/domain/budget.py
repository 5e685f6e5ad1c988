"""Budgets: how much a company wants to spend or use in a month, and the levels at which it is told."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from billing.domain.units import UNITS, Unit

LEVELS = (80, 100)
"""Per cent at which somebody is told, once a month each."""
Measure = Literal["money"] | Unit
MEASURES: tuple[str, ...] = ("money", *UNITS)
State = Literal["open", "near", "reached"]


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit for each month: money in the company's currency, or a quantity of one unit."""

    measure: Measure
    limit: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class BudgetState:
    """How far a budget is used up in a month."""

    budget: Budget
    spent: Decimal

    @property
    def percent(self) -> Decimal:
        """How much of it is used up; a limit of nothing is used up at once."""
        return self.spent * 100 / self.budget.limit if self.budget.limit else Decimal(100)

    @property
    def state(self) -> State:
        """Whether the company may go on as before."""
        near, reached = LEVELS
        return "reached" if self.percent >= reached else "near" if self.percent >= near else "open"

    def levels(self) -> tuple[int, ...]:
        """The levels that are reached."""
        return tuple(level for level in LEVELS if self.percent >= level)


def budget_flaw(budget: Budget) -> str | None:
    """What is wrong with a budget."""
    if budget.measure not in MEASURES:
        return f"{budget.measure} is nothing a budget is made of: {', '.join(MEASURES)}"
    if not budget.limit.is_finite() or budget.limit < 0:
        return "a limit is a number that is not negative"
    return None
