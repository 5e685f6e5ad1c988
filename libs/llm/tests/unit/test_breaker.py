"""A model that hangs is left alone for a while, against a model that a test scripts."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest
from pydantic import BaseModel

from llm import Embedded, Generated, LanguageModelSettings, Made, Prompt, TextStream, Tokens
from llm.breaker import Breaker
from llm.port import T
from vendorkit import VendorRejected, VendorUnavailable

PROMPT = Prompt("Say yes.", "Yes?")


class Yes(BaseModel):
    yes: bool = True


class Model:
    """Fails with what it is told to, else answers; while `gate` is closed it hangs."""

    def __init__(self) -> None:
        self.error: Exception | None = gone()
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        await self._answer()
        return Generated(value=schema(), provider="test", model="m", tokens=Tokens(1, 1), cost=None)

    def stream(self, prompt: Prompt) -> TextStream:
        return TextStream(self._pieces())

    async def embed(self, texts: Sequence[str]) -> Embedded:
        await self._answer()
        return Embedded(vectors=(), provider="test", model="m", tokens=Tokens(1, 0), cost=None)

    async def aclose(self) -> None: ...

    async def _pieces(self) -> AsyncGenerator[str | Made, None]:
        await self._answer()
        yield "yes"

    async def _answer(self) -> None:
        self.calls += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error


def gone() -> VendorUnavailable:
    return VendorUnavailable("did not answer in time", vendor="test", ambiguous=True)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def guarded(model: Model, clock: Clock | None = None) -> Breaker:
    return Breaker(model, LanguageModelSettings(failures_in_a_row=3, rest_s=15), now=clock or Clock())


async def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(VendorUnavailable, match="in time"):
            await breaker.generate(PROMPT, Yes)


async def test_a_model_that_failed_three_times_in_a_row_is_not_asked_and_the_caller_is_told_when_to_come_again() -> (
    None
):
    model = Model()
    breaker = guarded(model)
    await fail(breaker, 3)

    with pytest.raises(VendorUnavailable, match="left alone") as refused:
        await breaker.generate(PROMPT, Yes)
    with pytest.raises(VendorUnavailable, match="left alone"):
        await anext(breaker.stream(PROMPT))
    with pytest.raises(VendorUnavailable, match="left alone"):
        await breaker.embed(["text"])

    assert model.calls == 3
    assert refused.value.after is not None
    assert refused.value.after > 0
    assert not refused.value.ambiguous


async def test_after_its_rest_one_call_tries_the_model_and_the_others_go_on_being_refused() -> None:
    model = Model()
    clock = Clock()
    breaker = guarded(model, clock)
    await fail(breaker, 3)
    clock.seconds += 15
    model.error = None
    model.gate.clear()

    trying = asyncio.create_task(breaker.generate(PROMPT, Yes))
    while model.calls < 4:
        await asyncio.sleep(0)
    with pytest.raises(VendorUnavailable, match="left alone"):
        await breaker.generate(PROMPT, Yes)
    model.gate.set()

    assert (await trying).value.yes
    assert (await breaker.generate(PROMPT, Yes)).value.yes


async def test_a_model_that_answers_in_between_or_refuses_is_not_left_alone() -> None:
    model = Model()
    breaker = guarded(model)
    await fail(breaker, 2)
    model.error = VendorRejected("no", vendor="test")
    with pytest.raises(VendorRejected):
        await breaker.generate(PROMPT, Yes)
    model.error = gone()
    await fail(breaker, 2)
    model.error = None
    assert "".join([piece async for piece in breaker.stream(PROMPT)]) == "yes"
    model.error = gone()
    await fail(breaker, 3)
