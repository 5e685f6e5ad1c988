"""How sure one may be of a proposal: the model's own word, and what we can see for ourselves.

Each observation names the most that is left of the confidence; the lowest counts. The figures are read by people who
write routing rules (`minimum_confidence`), so they stand here and nowhere else.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Observation = Literal[
    "no_model", "foreign_contact", "placeholder", "other_language", "unfounded_fact", "very_short"
]

CEILINGS: dict[Observation, float] = {
    "no_model": 0.1,  # a template promises a human: a human must answer
    "placeholder": 0.2,  # "[Name]" would reach the customer
    "foreign_contact": 0.3,  # the model named a link or number that nobody gave it
    "very_short": 0.3,  # no reply worth the name
    "other_language": 0.4,  # the letters were certainly written in another language
    "unfounded_fact": 0.6,  # a fact was named that the input does not have
}

_PLACEHOLDER = re.compile(
    r"\[[^\]\n]{2,40}\]|\{\{?[^}\n]{2,40}\}?\}|<(?:name|date|datum|ort|address)>|\bTODO\b", re.IGNORECASE
)
_SHORTEST_REPLY = 40
_FOUNDED = 0.6


@dataclass(frozen=True)
class Founded:
    """The facts that stand in the input, and whether others were named."""

    facts: tuple[str, ...]
    complete: bool


def judged(confidence: float, observations: Iterable[Observation]) -> float:
    """The confidence that is left after what was observed."""
    ceilings = [CEILINGS[observation] for observation in observations]
    return round(max(0.0, min([confidence, 1.0, *ceilings])), 2)


def has_placeholder(reply: str) -> bool:
    """Whether something in it was to be filled in by somebody."""
    return _PLACEHOLDER.search(reply) is not None


def is_very_short(reply: str) -> bool:
    """Whether it says too little to be a reply."""
    return len(reply) < _SHORTEST_REPLY


def founded(facts: Iterable[str], *, known: Iterable[str]) -> Founded:
    """Keep the facts most of whose words stand in one of the texts; the model may shorten, not invent."""
    texts = [set(_words(text)) for text in known]
    kept: list[str] = []
    complete = True
    for fact in facts:
        words = set(_words(fact))
        if words and any(len(words & text) >= _FOUNDED * len(words) for text in texts):
            kept.append(fact)
        else:
            complete = False
    return Founded(tuple(kept), complete)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
