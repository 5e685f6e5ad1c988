"""What a tenant may spend in a day."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import BaseModel

from chassis.errors import RetryLater
from llm import Budget, BudgetExhausted, Cost, Made, Offline, Prompt, TextStream, Tokens, WithinBudget

PROMPT = Prompt("a", "b")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Yes(BaseModel):
    yes: bool


async def test_a_tenant_whose_money_is_spent_is_refused_until_midnight() -> None:
    clock = Clock()
    budget = Budget(daily_cost=Decimal("0.10"), now=clock)
    budget.spend("t1", Cost(Decimal("0.06"), "USD"))
    budget.check("t1")
    budget.spend("t1", Cost(Decimal("0.06"), "USD"))
    with pytest.raises(BudgetExhausted, match="t1") as caught:
        budget.check("t1")
    assert isinstance(caught.value, RetryLater)
    assert caught.value.after == 2 * 3600
    budget.check("t2")
    clock.now += timedelta(hours=3)
    budget.check("t1")


async def test_calls_of_unknown_cost_are_limited_by_their_tokens() -> None:
    budget = Budget(daily_cost=Decimal(1), daily_tokens=100, now=Clock())
    budget.spend("t1", None, 60)
    budget.check("t1")
    budget.spend("t1", Cost(Decimal(5), "EUR"), 60)
    with pytest.raises(BudgetExhausted, match="100 tokens"):
        budget.check("t1")


async def test_no_model_is_asked_for_a_tenant_without_budget() -> None:
    asked: list[Prompt] = []
    offline = Offline().knows(Yes, lambda prompt: asked.append(prompt) or Yes(yes=True))
    model = WithinBudget(offline, Budget(daily_tokens=0), "t1")
    with pytest.raises(BudgetExhausted):
        await model.generate(PROMPT, Yes)
    with pytest.raises(BudgetExhausted):
        model.stream(PROMPT)
    with pytest.raises(BudgetExhausted):
        await model.embed(["a"])
    assert asked == []


async def test_a_stream_is_counted_when_it_ends() -> None:
    budget = Budget(daily_tokens=100, now=Clock())
    stream = WithinBudget(Chatty(), budget, "t1").stream(PROMPT)
    assert [piece async for piece in stream] == ["Guten ", "Tag"]
    assert stream.made is not None
    with pytest.raises(BudgetExhausted):
        budget.check("t1")


class Chatty(Offline):
    """A model that says two words for a hundred tokens."""

    def stream(self, prompt: Prompt) -> TextStream:
        return TextStream(self._words())

    async def _words(self) -> AsyncGenerator[str | Made, None]:
        yield "Guten "
        yield "Tag"
        yield Made(provider="test", model="m", tokens=Tokens(60, 40), cost=None)
