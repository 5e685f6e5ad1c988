"""Set what a company wants to spend, and say how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billing.application.ports import Books, Clock, Refused
from billing.application.take_on_company import TakeOnCompany
from billing.domain.budget import Budget, BudgetState, budget_flaw


class KeepBudgets:
    """Budgets are replaced as a whole; money is in the company's currency."""

    def __init__(self, books: Books, take_on: TakeOnCompany, clock: Clock) -> None:
        self._books = books
        self._take_on = take_on
        self._clock = clock

    async def keep(self, tenant_id: str, budgets: Sequence[Budget]) -> list[BudgetState]:
        """Set them; returns how far they are. Raises `Refused`."""
        if flaw := next((flaw for each in budgets if (flaw := budget_flaw(each))), None):
            raise Refused(flaw)
        if len({each.measure for each in budgets}) < len(budgets):
            raise Refused("two budgets limit the same: keep one of them")
        async with self._books.of(tenant_id) as room:
            company = await self._take_on.known(room, tenant_id, lock=True)
            money = [
                replace(each, currency=company.currency if each.measure == "money" else None)
                for each in budgets
            ]
            await room.budgets.keep(tenant_id, money, self._clock())
        return await self.states(tenant_id)

    async def states(self, tenant_id: str) -> list[BudgetState]:
        """How far each budget is used up this month (UTC)."""
        async with self._books.of(tenant_id) as room:
            return await room.budgets.states(tenant_id, self._clock().strftime("%Y-%m"))
