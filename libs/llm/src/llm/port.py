"""The port: what a service may ask of a language model, and what it gets."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

EMBEDDING_DIMENSIONS = 384
"""Every vector of the house has this length, whichever model made it."""

T = TypeVar("T", bound=BaseModel)
T_co = TypeVar("T_co", bound=BaseModel, covariant=True)


class LanguageModel(Protocol):
    """Writes and embeds; every failure is one of vendorkit's five errors or a refused budget."""

    async def generate(self, prompt: "Prompt", schema: type[T]) -> "Generated[T]":
        """An answer in the form of `schema`, checked."""
        ...

    def stream(self, prompt: "Prompt") -> "TextStream":
        """An answer as text, piece by piece."""
        ...

    async def embed(self, texts: Sequence[str]) -> "Embedded":
        """A vector of unit length for each text, in the same order."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


@dataclass(frozen=True)
class Prompt:
    """What is asked: `instructions` are ours, `text` is the case at hand and may hold words from outside."""

    instructions: str
    text: str


@dataclass(frozen=True)
class Tokens:
    """How many tokens went in and came out; `estimated` when the vendor did not count them for us."""

    input: int
    output: int
    estimated: bool = False

    @property
    def total(self) -> int:
        """Both together."""
        return self.input + self.output


@dataclass(frozen=True)
class Cost:
    """An amount of money with its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """Who made a result, and what it cost: `cost` is None when the model has no price in the settings.

    `offline` says that no model was asked: visible rules of our own made it.
    """

    provider: str
    model: str
    tokens: Tokens
    cost: Cost | None
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class Generated(Made, Generic[T_co]):
    """An answer in the form that was asked for."""

    value: T_co


@dataclass(frozen=True, kw_only=True)
class Embedded(Made):
    """Vectors, one for each text."""

    vectors: tuple[tuple[float, ...], ...]


class TextStream(AsyncIterator[str]):
    """Pieces of text as they come; `made` is known when the last one has come."""

    def __init__(self, pieces: AsyncGenerator[str | Made, None]) -> None:
        self._pieces = pieces
        self.made: Made | None = None

    async def __anext__(self) -> str:
        async for piece in self._pieces:
            if isinstance(piece, str):
                return piece
            self.made = piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop listening before the end."""
        await self._pieces.aclose()
