"""The limits of one call: its size, its time, and our one retry layer (the SDKs' own are off)."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

from chassis.calls import vendor_call
from llm.budget import CallTooLarge
from llm.port import Embedded, Generated, LanguageModel, Made, Prompt, T, TextStream
from llm.prices import cost_of, largest
from llm.settings import LanguageModelSettings
from vendorkit import VendorRateLimited, VendorUnavailable

R = TypeVar("R")


class Bounded:
    """A model that answers, or fails, within the limits of the settings.

    Transient failures are tried again at once a few times, with jitter, or after the vendor's own time when that is
    short. What lasts longer is delivery's affair: then the vendor's error goes up.
    """

    def __init__(self, model: LanguageModel, settings: LanguageModelSettings) -> None:
        self._model = model
        self._settings = settings

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """Generate, within the limits."""
        self._check_size(prompt)
        return await self._patiently("generate", lambda: self._model.generate(prompt, schema))

    def stream(self, prompt: Prompt) -> TextStream:
        """Stream, within the limits; a stream that has begun is never begun again."""
        self._check_size(prompt)
        return TextStream(self._pieces(prompt))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed, within the limits of time."""
        return await self._patiently("embed", lambda: self._model.embed(texts))

    async def aclose(self) -> None:
        """Close the model's connections."""
        await self._model.aclose()

    async def _patiently(
        self, operation: str, call: Callable[[], Awaitable[R]], *, deadline: float | None = None
    ) -> R:
        clock = asyncio.get_running_loop().time
        deadline = deadline if deadline is not None else clock() + self._settings.time_limit_s
        for attempt in range(self._settings.retries + 1):
            try:
                with vendor_call(self._settings.provider, operation):
                    async with asyncio.timeout_at(deadline):
                        return await call()
            except TimeoutError as error:
                raise self._too_slow(self._settings.time_limit_s) from error
            except (VendorUnavailable, VendorRateLimited) as error:
                pause = _pause(error, attempt)
                last = attempt == self._settings.retries
                if last or pause > self._settings.longest_pause_s or clock() + pause >= deadline:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Made, None]:
        deadline = asyncio.get_running_loop().time() + self._settings.time_limit_s
        stream, piece = await self._patiently("stream", lambda: self._begin(prompt), deadline=deadline)
        try:
            while piece is not None:
                yield piece
                piece = await self._next(stream, deadline)
        finally:
            await stream.aclose()
        if stream.made is not None:
            yield stream.made

    async def _begin(self, prompt: Prompt) -> tuple[TextStream, str | None]:
        stream = self._model.stream(prompt)
        try:
            return stream, await anext(stream, None)
        except BaseException:
            await stream.aclose()
            raise

    async def _next(self, stream: TextStream, deadline: float) -> str | None:
        now = asyncio.get_running_loop().time()
        limit = min(self._settings.stream_idle_s, deadline - now)
        try:
            async with asyncio.timeout(limit):
                return await anext(stream, None)
        except TimeoutError as error:
            raise self._too_slow(limit) from error

    def _too_slow(self, seconds: float) -> VendorUnavailable:
        return VendorUnavailable(
            f"The model {self._settings.writer} did not answer within {max(seconds, 0):.1f} s. Trying again later.",
            vendor=self._settings.provider,
            ambiguous=True,
        )

    def _check_size(self, prompt: Prompt) -> None:
        most = largest(prompt, self._settings.max_output_tokens)
        if most.input > self._settings.max_input_tokens:
            raise CallTooLarge(
                f"The prompt has about {most.input} tokens; {self._settings.max_input_tokens} are allowed. Ask with less."
            )
        cost = cost_of(most, self._settings.writer, self._settings.prices)
        allowed = self._settings.max_cost_per_call
        if cost is not None and allowed is not None and cost.amount > allowed:
            raise CallTooLarge(
                f"The call may cost up to {cost.amount} {cost.currency}; {allowed} are allowed. Ask with less."
            )


def _pause(error: VendorUnavailable | VendorRateLimited, attempt: int) -> float:
    """The vendor's own time, else a quarter of a second doubled each time; with jitter, so that not all come back at once."""
    wait = error.after if error.after is not None else 0.25 * 2**attempt
    return wait * random.uniform(1.0, 1.25)  # noqa: S311 -- spreading load needs no secrecy
