"""The offline fall-back: no model is asked, and every result says so (`offline=True`).

It has no intelligence of its own. For an answer it calls the rule that its owner gave for that schema; for a vector it
hashes words and their parts. The embedding is therefore lexical, not semantic: it finds the same words and their
inflections, German compounds included, but not synonyms.
"""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from chassis.errors import NeverRetry
from llm.port import EMBEDDING_DIMENSIONS, Cost, Embedded, Generated, Made, Prompt, T, TextStream, Tokens

S = TypeVar("S")

PROVIDER = "offline"
_RULES = "offline-rules"
_HASHING = "offline-hashing"
_FREE = Cost(Decimal(0), "USD")
_NONE = Tokens(0, 0)
_NOTICE = (
    "Dieser Text entstand ohne Sprachmodell. Ein Mensch wird antworten. / "
    "This text was made without a language model. A human will answer."
)


class NoOfflineRule(NeverRetry):
    """Nobody gave a rule for this schema: without a model it cannot be answered."""


class Offline:
    """A language model that is none: rules given by its owner, and an embedding by hashing."""

    def __init__(self, *, text: Callable[[Prompt], str] = lambda _: _NOTICE) -> None:
        self._text = text
        self._rules: dict[type, Callable[[Prompt], object]] = {}

    def knows(self, schema: type[S], rule: Callable[[Prompt], S]) -> "Offline":
        """Add the rule that answers in the form of `schema`."""
        self._rules[schema] = rule
        return self

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """What the rule for `schema` says."""
        rule = self._rules.get(schema)
        value = rule(prompt) if rule else None
        if not isinstance(value, schema):
            raise NoOfflineRule(
                f"Without a language model nobody can answer as {schema.__name__}; set up a model, or give a rule for it."
            )
        return Generated(value=value, provider=PROVIDER, model=_RULES, tokens=_NONE, cost=_FREE, offline=True)

    def stream(self, prompt: Prompt) -> TextStream:
        """The rule's text, sentence by sentence."""
        return TextStream(self._pieces(prompt))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Vectors by hashing."""
        vectors = tuple(hashed(text) for text in texts)
        return Embedded(
            vectors=vectors, provider=PROVIDER, model=_HASHING, tokens=_NONE, cost=_FREE, offline=True
        )

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Made, None]:
        for sentence in re.split(r"(?<=[.!?] )", self._text(prompt)):
            yield sentence
        yield Made(provider=PROVIDER, model=_RULES, tokens=_NONE, cost=_FREE, offline=True)


def hashed(text: str) -> tuple[float, ...]:
    """A vector of unit length: each word, and each three to five letters of it, adds to a place chosen by its hash."""
    vector = [0.0] * EMBEDDING_DIMENSIONS
    for feature, times in Counter(_features(text)).items():
        digest = hashlib.blake2b(feature.encode(), digest_size=4).digest()
        number = int.from_bytes(digest, "big")
        sign = 1.0 if number & 1 else -1.0
        weight = 1.0 if feature.startswith("word:") else 0.4
        vector[(number >> 1) % EMBEDDING_DIMENSIONS] += sign * weight * (1.0 + math.log(times))
    length = math.sqrt(sum(value * value for value in vector))
    if length == 0.0:
        # A text without words (or one whose parts cancel out) still needs a direction: cosine knows no zero vector.
        return (1.0, *([0.0] * (EMBEDDING_DIMENSIONS - 1)))
    return tuple(value / length for value in vector)


def _features(text: str) -> Iterator[str]:
    for word in re.findall(r"\w+", _folded(text)):
        yield f"word:{word}"
        framed = f"<{word}>"
        for size in (3, 4, 5):
            for start in range(len(framed) - size + 1):
                yield f"part:{framed[start : start + size]}"


def _folded(text: str) -> str:
    """Lower case; umlauts as they are written without an umlaut key (Müller and Mueller are one)."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        plain = plain.replace(umlaut, letters)
    return "".join(sign for sign in unicodedata.normalize("NFD", plain) if not unicodedata.combining(sign))
