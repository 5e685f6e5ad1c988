"""A document as it was read: pages of text, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "empty",
    "encrypted",
    "too_many_pages",
    "too_large",
    "too_slow",
    "damaged",
    "unsupported",
    "macros",
    "no_text",
]
Method = Literal["text", "ocr"]

PAGE_BREAK = "\f"
"""Stands between two pages where a document's text is kept as one piece."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page, counted from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A document that could be read; `method` is "ocr" as soon as one page had to be recognised."""

    pages: tuple[Page, ...]
    method: Method
    media_type: str

    @property
    def text(self) -> str:
        """The whole text, pages parted by a form feed."""
        return PAGE_BREAK.join(page.text for page in self.pages)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that could not be read: a word for machines and a sentence for people."""

    reason: Reason
    detail: str


def pages_of(text: str) -> tuple[Page, ...]:
    """The pages of a text that `Reading.text` made."""
    return tuple(Page(number, part) for number, part in enumerate(text.split(PAGE_BREAK), start=1))
