"""Tells German from English by the small words that every text of either language is full of."""

from __future__ import annotations

import re

from ocr.domain.analysis import Language

_GERMAN = frozenset(
    [
        "der",
        "die",
        "das",
        "und",
        "oder",
        "nicht",
        "mit",
        "für",
        "von",
        "auf",
        "ist",
        "im",
        "zum",
        "zur",
        "den",
        "dem",
        "des",
        "ein",
        "eine",
        "einer",
        "wir",
        "sie",
        "ihr",
        "ihre",
        "ich",
        "bitte",
        "sehr",
        "geehrte",
        "geehrter",
        "rechnung",
        "vertrag",
        "betrag",
        "summe",
        "gesamt",
        "datum",
        "seite",
        "name",
        "anschrift",
        "brutto",
        "netto",
        "lohn",
        "gehalt",
        "steuer",
        "monat",
        "arbeitgeber",
        "mitarbeiter",
        "auszahlung",
        "kunde",
        "bestellung",
        "nummer",
        "geboren",
        "ausweis",
    ]
)
_ENGLISH = frozenset(
    [
        "the",
        "and",
        "or",
        "not",
        "with",
        "for",
        "from",
        "on",
        "is",
        "in",
        "to",
        "of",
        "a",
        "an",
        "we",
        "you",
        "your",
        "i",
        "please",
        "dear",
        "invoice",
        "contract",
        "amount",
        "total",
        "date",
        "page",
        "name",
        "address",
        "gross",
        "net",
        "pay",
        "wage",
        "salary",
        "tax",
        "month",
        "employer",
        "employee",
        "customer",
        "order",
        "number",
        "born",
        "passport",
        "due",
    ]
)
_FEWEST_WORDS = 2


def language_of(text: str) -> Language:
    """The language of a text; "other" when neither leaves enough traces."""
    words = re.findall(r"[a-zäöüß]+", text.casefold())
    german = sum(word in _GERMAN for word in words) + sum(
        any(sign in word for sign in "äöüß") for word in words
    )
    english = sum(word in _ENGLISH for word in words)
    if max(german, english) < _FEWEST_WORDS:
        return "other"
    return "de" if german >= english else "en"
