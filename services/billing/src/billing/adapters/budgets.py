"""The budgets of one company, and what was told of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, case, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from billing.adapters.store import BUDGET_ALERTS, BUDGETS, TOTALS
from billing.domain.budget import Budget, BudgetState
from chassis import Session

_SPENT = func.sum(case((BUDGETS.c.measure == "money", TOTALS.c.value), else_=TOTALS.c.quantity))
_COUNTS = or_(
    and_(BUDGETS.c.measure == "money", TOTALS.c.currency == BUDGETS.c.currency),
    TOTALS.c.unit == BUDGETS.c.measure,
)


class StoredBudgets:
    """The port `Budgets` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def states(self, tenant_id: str, month: str) -> list[BudgetState]:
        """The budgets and how far they are used up."""
        of_the_month = and_(TOTALS.c.tenant_id == BUDGETS.c.tenant_id, TOTALS.c.month == month, _COUNTS)
        rows = await self._session.execute(
            select(BUDGETS.c.measure, BUDGETS.c.limit, BUDGETS.c.currency, func.coalesce(_SPENT, 0))
            .select_from(BUDGETS.outerjoin(TOTALS, of_the_month))
            .where(BUDGETS.c.tenant_id == tenant_id)
            .group_by(BUDGETS.c.measure, BUDGETS.c.limit, BUDGETS.c.currency)
            .order_by(BUDGETS.c.measure)
        )
        return [BudgetState(Budget(row[0], row[1], row[2]), Decimal(row[3])) for row in rows]

    async def keep(self, tenant_id: str, budgets: Sequence[Budget], at: datetime) -> None:
        """Replace the budgets by these."""
        await self._session.execute(delete(BUDGETS).where(BUDGETS.c.tenant_id == tenant_id))
        rows = [
            {
                "tenant_id": tenant_id,
                "measure": each.measure,
                "limit": each.limit,
                "currency": each.currency,
                "set_at": at,
            }
            for each in budgets
        ]
        if rows:
            await self._session.execute(insert(BUDGETS).values(rows))

    async def tell_once(
        self, tenant_id: str, month: str, state: BudgetState, level: int, at: datetime
    ) -> bool:
        """Whether a level is still to be told this month, from now on told."""
        told = await self._session.execute(
            insert(BUDGET_ALERTS)
            .values(tenant_id=tenant_id, measure=state.budget.measure, month=month, level=level, spent=state.spent, told_at=at)
            .on_conflict_do_nothing()
            .returning(BUDGET_ALERTS.c.level)
        )  # fmt: skip
        return told.first() is not None
