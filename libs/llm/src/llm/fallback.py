"""From the model to the offline rules, when the model cannot or may not answer."""

import logging
from collections.abc import AsyncGenerator, Sequence

from llm.budget import BudgetRefused
from llm.offline import Offline
from llm.port import Embedded, Generated, LanguageModel, Made, Prompt, T, TextStream
from vendorkit import VendorError

_log = logging.getLogger(__name__)

Failures = tuple[type[Exception], ...]


class WithFallback:
    """Asks the model, and lets the offline rules answer when it fails; the result says `offline`.

    Vectors are never mixed: those of the offline embedding mean nothing beside a model's, so `embed` has no fall-back.
    """

    def __init__(
        self, model: LanguageModel, offline: Offline, *, on: Failures = (VendorError, BudgetRefused)
    ) -> None:
        self._model = model
        self._offline = offline
        self._on = on

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """The model's answer, else the rule's."""
        try:
            return await self._model.generate(prompt, schema)
        except self._on as error:
            _told(error)
            return await self._offline.generate(prompt, schema)

    def stream(self, prompt: Prompt) -> TextStream:
        """The model's text, else the rule's; a text that broke off in the middle is not continued by a rule."""
        return TextStream(self._pieces(prompt))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """The model's vectors."""
        return await self._model.embed(texts)

    async def aclose(self) -> None:
        """Close the model's connections."""
        await self._model.aclose()

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Made, None]:
        stream: TextStream | None = None
        try:
            stream = self._model.stream(prompt)
            first = await anext(stream, None)
        except self._on as error:
            _told(error)
            if stream is not None:
                await stream.aclose()
            stream = self._offline.stream(prompt)
            first = await anext(stream, None)
        try:
            if first is not None:
                yield first
            async for piece in stream:
                yield piece
        finally:
            await stream.aclose()
        if stream.made is not None:
            yield stream.made


def _told(error: Exception) -> None:
    _log.warning(
        "The language model did not answer (%s): %s The offline rules answer.", type(error).__name__, error
    )
