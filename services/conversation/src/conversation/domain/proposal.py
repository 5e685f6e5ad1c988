"""A proposed reply, and what is known about it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from conversation.domain.language import Language

Intent = Literal[
    "viewing",
    "price",
    "availability",
    "documents",
    "appointment",
    "application",
    "complaint",
    "general",
    "other",
]
Sentiment = Literal["positive", "neutral", "negative"]


@dataclass(frozen=True)
class Entity:
    """Something named in the letters: a date, an amount, an object."""

    name: str
    value: str


@dataclass(frozen=True)
class Author:
    """Who wrote the proposal, and at what cost; `offline` says that no model did."""

    model: str
    offline: bool = False
    cost: Decimal | None = None
    currency: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """All tokens that it took."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Proposal:
    """One reply to all letters of a turn: greeting and body, without signature."""

    language: Language
    intent: Intent
    sentiment: Sentiment
    confidence: float
    entities: tuple[Entity, ...]
    reply: str
    facts_used: tuple[str, ...]
    author: Author
