"""The circuit breaker: a model that fails again and again is left alone for a while, so that nobody waits for it in vain."""

import random
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import contextmanager
from time import monotonic

from llm.port import Embedded, Generated, LanguageModel, Made, Prompt, T, TextStream
from llm.settings import LanguageModelSettings
from vendorkit import VendorUnavailable

_BEHIND_THE_PROBE = (2.0, 8.0)
"""Seconds by which those who are refused come later than the one call that tries the model again."""


class Breaker:
    """Refuses calls at once after `failures_in_a_row`; every `rest_s` seconds one call tries whether the model is back."""

    def __init__(
        self, model: LanguageModel, settings: LanguageModelSettings, *, now: Callable[[], float] = monotonic
    ) -> None:
        self._model = model
        self._settings = settings
        self._now = now
        self._failures = 0
        self._rests_until = 0.0

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """Generate, unless the model rests."""
        with self._watched():
            return await self._model.generate(prompt, schema)

    def stream(self, prompt: Prompt) -> TextStream:
        """Stream, unless the model rests."""
        return TextStream(self._pieces(prompt))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed, unless the model rests."""
        with self._watched():
            return await self._model.embed(texts)

    async def aclose(self) -> None:
        """Close the model's connections."""
        await self._model.aclose()

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Made, None]:
        with self._watched():
            stream = self._model.stream(prompt)
            try:
                async for piece in stream:
                    yield piece
            finally:
                await stream.aclose()
        if stream.made is not None:
            yield stream.made

    @contextmanager
    def _watched(self) -> Generator[None]:
        self._enter()
        try:
            yield
        except VendorUnavailable:
            self._failures += 1
            if self._failures >= self._settings.failures_in_a_row:
                self._rests_until = self._now() + self._settings.rest_s
            raise
        # Whatever else the model answers, a refusal too, it answers.
        except Exception:
            self._failures = 0
            raise
        else:
            self._failures = 0

    def _enter(self) -> None:
        if self._failures < self._settings.failures_in_a_row:
            return
        left = self._rests_until - self._now()
        if left <= 0:
            # This call is the one that tries; while it does, the others go on being refused.
            self._rests_until = self._now() + self._settings.rest_s
            return
        raise VendorUnavailable(
            f"The model {self._settings.writer} failed {self._failures} times in a row and is left alone for a while. "
            "Trying again later.",
            vendor=self._settings.provider,
            ambiguous=False,
            after=left + random.uniform(*_BEHIND_THE_PROBE),  # noqa: S311 -- spreading load needs no secrecy
        )
