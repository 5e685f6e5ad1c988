"""How much a tenant may spend on models in a day, kept by this process.

    BudgetRefused             no model is asked: the caller degrades (model → template → human)
    ├── BudgetExhausted       the tenant's budget of the day is spent; a kind of `RetryLater`, until midnight UTC
    └── CallTooLarge          this one call is larger than any call may be; a kind of `NeverRetry`

The count lives in memory: every process has its own and begins anew at its start. Calls that run at the same time
are counted when they end, so a budget may be overdrawn by what was under way.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from chassis.errors import DeliveryError, NeverRetry, RetryLater
from llm.port import Cost, Embedded, Generated, LanguageModel, Made, Prompt, T, TextStream

M = TypeVar("M", bound=Made)


class BudgetRefused(DeliveryError):
    """A limit of ours forbids to ask a model."""


class BudgetExhausted(BudgetRefused, RetryLater):
    """The tenant's budget of the day is spent."""

    def __init__(self, message: str, *, after: float) -> None:
        RetryLater.__init__(self, message, after=after)


class CallTooLarge(BudgetRefused, NeverRetry):
    """The call is larger or dearer than one call may be."""

    def __init__(self, message: str) -> None:
        NeverRetry.__init__(self, message)


@dataclass(frozen=True)
class _Spent:
    amount: Decimal = Decimal(0)
    tokens: int = 0


class Budget:
    """What each tenant has spent today, and whether that is all."""

    def __init__(
        self,
        *,
        daily_cost: Decimal | None = None,
        daily_tokens: int | None = None,
        currency: str = "USD",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._daily_cost = daily_cost
        self._daily_tokens = daily_tokens
        self._currency = currency
        self._now = now
        self._day: date | None = None
        self._spent: dict[str, _Spent] = {}

    def spend(self, tenant_id: str, cost: Cost | None, tokens: int = 0) -> None:
        """Count a call; a cost that is unknown, or in another currency, counts by its tokens alone."""
        before = self._today().get(tenant_id, _Spent())
        amount = cost.amount if cost is not None and cost.currency == self._currency else Decimal(0)
        self._spent[tenant_id] = _Spent(before.amount + amount, before.tokens + tokens)

    def check(self, tenant_id: str) -> None:
        """Raise `BudgetExhausted` when nothing is left for today."""
        spent = self._today().get(tenant_id, _Spent())
        if self._daily_cost is not None and spent.amount >= self._daily_cost:
            self._refuse(tenant_id, f"{self._daily_cost} {self._currency}")
        if self._daily_tokens is not None and spent.tokens >= self._daily_tokens:
            self._refuse(tenant_id, f"{self._daily_tokens} tokens")

    def _refuse(self, tenant_id: str, limit: str) -> None:
        now = self._now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        raise BudgetExhausted(
            f"Tenant {tenant_id} has spent today's budget for language models ({limit}); "
            "raise it in the settings, or wait until midnight UTC.",
            after=(midnight - now).total_seconds(),
        )

    def _today(self) -> dict[str, _Spent]:
        today = self._now().date()
        if today != self._day:
            self._day, self._spent = today, {}
        return self._spent


class WithinBudget:
    """A model as one tenant may use it: every call is checked before, and counted after."""

    def __init__(self, model: LanguageModel, budget: Budget, tenant_id: str) -> None:
        self._model = model
        self._budget = budget
        self._tenant_id = tenant_id

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """Generate, if the budget allows."""
        self._budget.check(self._tenant_id)
        return self._counted(await self._model.generate(prompt, schema))

    def stream(self, prompt: Prompt) -> TextStream:
        """Stream, if the budget allows."""
        self._budget.check(self._tenant_id)
        return TextStream(self._pieces(self._model.stream(prompt)))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed, if the budget allows."""
        self._budget.check(self._tenant_id)
        return self._counted(await self._model.embed(texts))

    async def aclose(self) -> None:
        """Close nothing: the model is shared among the tenants."""

    async def _pieces(self, stream: TextStream) -> AsyncGenerator[str | Made, None]:
        try:
            async for piece in stream:
                yield piece
        finally:
            await stream.aclose()
        if stream.made is not None:
            yield self._counted(stream.made)

    def _counted(self, made: M) -> M:
        self._budget.spend(self._tenant_id, made.cost, made.tokens.total)
        return made
