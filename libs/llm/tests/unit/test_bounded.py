"""The limits of one call, against a model that a test scripts."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal

import pytest
from pydantic import BaseModel

from llm import (
    CallTooLarge,
    Embedded,
    Generated,
    LanguageModelSettings,
    Made,
    Price,
    Prompt,
    TextStream,
    Tokens,
)
from llm.bounded import Bounded
from llm.port import T
from vendorkit import VendorContractBroken, VendorRateLimited, VendorUnavailable

PROMPT = Prompt("Say yes.", "Yes?")
DONE = Made(provider="test", model="m", tokens=Tokens(1, 1), cost=None)


class Yes(BaseModel):
    yes: bool = True


class Scripted:
    """Does what its script says, step by step: an error is raised, a number is waited for, text is said."""

    def __init__(self, *script: Exception | float | str) -> None:
        self.script = list(script)
        self.calls = 0

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        self.calls += 1
        await self._step()
        return Generated(value=schema(), provider="test", model="m", tokens=Tokens(1, 1), cost=None)

    def stream(self, prompt: Prompt) -> TextStream:
        self.calls += 1
        return TextStream(self._pieces())

    async def _pieces(self) -> AsyncGenerator[str | Made, None]:
        while self.script:
            if text := await self._step():
                yield text
        yield DONE

    async def embed(self, texts: Sequence[str]) -> Embedded:
        raise NotImplementedError

    async def aclose(self) -> None: ...

    async def _step(self) -> str:
        step = self.script.pop(0) if self.script else ""
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
            return ""
        return step


def gone(after: float | None = None) -> VendorUnavailable:
    return VendorUnavailable("gone", vendor="test", ambiguous=False, after=after)


def bounded(model: Scripted, **changes: object) -> Bounded:
    usual: dict[str, object] = {"time_limit_s": 2, "stream_idle_s": 0.2, "longest_pause_s": 0.5}
    return Bounded(model, LanguageModelSettings.model_validate(usual | changes))


async def test_two_short_failures_are_not_noticed() -> None:
    model = Scripted(gone(0.01), VendorRateLimited("slow", vendor="test", retry_after=0.01))
    assert (await bounded(model).generate(PROMPT, Yes)).value.yes
    assert model.calls == 3


async def test_the_third_failure_is_told() -> None:
    model = Scripted(gone(0.01), gone(0.01), gone(0.01))
    with pytest.raises(VendorUnavailable):
        await bounded(model).generate(PROMPT, Yes)
    assert model.calls == 3


async def test_a_wait_that_the_time_limit_does_not_allow_is_not_begun() -> None:
    model = Scripted(gone(0.4), gone(0.4))
    with pytest.raises(VendorUnavailable):
        await bounded(model, time_limit_s=0.2).generate(PROMPT, Yes)
    assert model.calls == 1


async def test_what_cannot_get_better_is_not_tried_again() -> None:
    model = Scripted(VendorContractBroken("odd", vendor="test"))
    with pytest.raises(VendorContractBroken):
        await bounded(model).generate(PROMPT, Yes)
    assert model.calls == 1


async def test_a_model_that_never_answers_is_given_up() -> None:
    with pytest.raises(VendorUnavailable, match="did not answer within"):
        await bounded(Scripted(60.0), time_limit_s=0.1).generate(PROMPT, Yes)


async def test_a_stream_that_fails_before_its_first_word_is_begun_again() -> None:
    model = Scripted(gone(0.01), "Guten ", "Tag")
    stream = bounded(model).stream(PROMPT)
    assert [piece async for piece in stream] == ["Guten ", "Tag"]
    assert stream.made == DONE
    assert model.calls == 2


async def test_a_stream_that_has_begun_is_never_begun_again() -> None:
    model = Scripted("Guten ", gone(0.01), "Tag")
    stream = bounded(model).stream(PROMPT)
    assert await anext(stream) == "Guten "
    with pytest.raises(VendorUnavailable):
        await anext(stream)
    assert model.calls == 1


async def test_a_stream_that_hangs_in_the_middle_is_given_up() -> None:
    stream = bounded(Scripted("Guten ", 60.0, "Tag")).stream(PROMPT)
    assert await anext(stream) == "Guten "
    with pytest.raises(VendorUnavailable, match=r"did not answer within 0\.2 s"):
        await anext(stream)


async def test_a_stream_without_end_is_given_up() -> None:
    stream = bounded(Scripted(*["word ", 0.1] * 50), time_limit_s=0.5).stream(PROMPT)
    with pytest.raises(VendorUnavailable):
        _ = [piece async for piece in stream]


async def test_a_prompt_that_is_too_long_is_never_sent() -> None:
    model = Scripted()
    with pytest.raises(CallTooLarge, match="Ask with less"):
        await bounded(model, max_input_tokens=100).generate(Prompt("a", "b" * 1000), Yes)
    assert model.calls == 0


async def test_a_call_that_may_be_too_dear_is_never_made() -> None:
    model = Scripted()
    prices = {"offline-rules": Price(input=Decimal(1), output=Decimal(1000))}
    with pytest.raises(CallTooLarge, match="may cost up to"):
        await bounded(model, prices=prices, max_cost_per_call="0.10").generate(PROMPT, Yes)
    assert model.calls == 0
