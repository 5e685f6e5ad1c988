"""Believes an analysis only as far as the document's own text bears it out.

A field whose snippet stands on another page than said is moved there; one whose snippet stands nowhere, or whose
snippet says another amount or date than the value, is dropped. Whatever was dropped is said in the summary.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from ocr.domain.amounts import amounts_in, currency_in
from ocr.domain.analysis import FIELDS, Analysis, Category, FoundField, Language
from ocr.domain.dates import dates_in, months_in
from ocr.domain.document import Page

_SHORTEST_SNIPPET = 2
_COST_OF_A_DROPPED_FIELD = 0.15
_COST_OF_A_MOVED_FIELD = 0.05
_COST_OF_A_DOUBTFUL_FIELD = 0.05
_LOWEST = 0.05


def verified(analysis: Analysis, pages: Sequence[Page]) -> Analysis:
    """The analysis with those fields alone that the text bears out, and no more confidence than they deserve."""
    folded = {page.number: _folded(page.text) for page in pages}
    kept: list[FoundField] = []
    dropped: list[str] = []
    doubt = 0.0
    for field in analysis.fields:
        page = _page_of(field, folded)
        if page is None or _contradicts(field, analysis.category):
            dropped.append(field.name)
            doubt += _COST_OF_A_DROPPED_FIELD
            continue
        doubt += 0.0 if page == field.page else _COST_OF_A_MOVED_FIELD
        doubt += _COST_OF_A_DOUBTFUL_FIELD if _is_doubtful(field, analysis.category) else 0.0
        kept.append(replace(field, page=page))
    return replace(
        analysis,
        fields=tuple(kept),
        confidence=round(max(min(_LOWEST, analysis.confidence), analysis.confidence - doubt), 4),
        summary=_with_note(analysis.summary, dropped, analysis.language),
    )


def _page_of(field: FoundField, folded: dict[int, str]) -> int | None:
    snippet = _folded(field.snippet)
    if len(snippet) < _SHORTEST_SNIPPET:
        return None
    if snippet in folded.get(field.page, ""):
        return field.page
    return next((number for number, text in folded.items() if snippet in text), None)


def _contradicts(field: FoundField, category: Category) -> bool:
    """Whether the snippet says something else than the value."""
    match FIELDS[category].get(field.name, "words"):
        case "amount":
            value = _decimal(field.value)
            return value is None or all(found.value != value for found in amounts_in(field.snippet))
        case "date":
            dates = {found.isoformat() for found in dates_in(field.snippet)}
            return bool(dates) and field.value not in dates
        case "period":
            months = set(months_in(field.snippet))
            return bool(months) and field.value not in months
        case "currency":
            named = currency_in(field.snippet)
            return named is not None and named != field.value
        case "words":
            return not field.value.strip()


def _is_doubtful(field: FoundField, category: Category) -> bool:
    """Whether the snippet neither says the value nor anything else: it may be right, and nobody can tell."""
    match FIELDS[category].get(field.name, "words"):
        case "amount":
            return False
        case "date":
            return not list(dates_in(field.snippet))
        case "period":
            return not list(months_in(field.snippet))
        case "currency":
            return currency_in(field.snippet) is None
        case "words":
            snippet = _folded(field.snippet)
            return not any(_folded(word) in snippet for word in field.value.split())


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _folded(text: str) -> str:
    """A text for comparing: no white space, one form of each letter, dash and quotation mark."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"[‐‑‒–—−]", "-", plain)
    plain = re.sub(r"[„“”«»\"]", '"', plain)
    plain = re.sub(r"[‚‘’`´]", "'", plain)
    return re.sub(r"[\s\u00ad\u200b-\u200d\ufeff]+", "", plain)


def _with_note(summary: str, dropped: Sequence[str], language: Language) -> str:
    if not dropped:
        return summary
    names = ", ".join(dict.fromkeys(dropped))
    if language == "de":
        return f"{summary} (Verworfen, weil das Dokument es nicht belegt: {names}.)".strip()
    return f"{summary} (Dropped, because the document does not bear it out: {names}.)".strip()
