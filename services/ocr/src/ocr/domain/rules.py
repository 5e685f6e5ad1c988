"""Our own reading of a document, for when no model can be asked: keywords give the category, labels the fields.

It is open to view and modest: its confidence says so, and every field carries the line it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ocr.domain.amounts import amounts_in, currency_in, plain
from ocr.domain.analysis import FIELDS, Analysis, Category, FieldKind, FoundField, Language
from ocr.domain.dates import dates_in, months_in
from ocr.domain.document import Page
from ocr.domain.labels import KEYWORDS, LABELS, PATTERNS
from ocr.domain.language import language_of

MODEL = "rules"
_LEAST_WEIGHT = 4
_MOST_CONFIDENT = 0.7
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LONGEST_VALUE = 120

_NAMES: dict[Category, tuple[str, str]] = {
    "income_proof": ("Einkommensnachweis", "Proof of income"),
    "invoice": ("Rechnung", "Invoice"),
    "order": ("Bestellung", "Order"),
    "contract": ("Vertrag", "Contract"),
    "identity_document": ("Ausweisdokument", "Identity document"),
    "enquiry": ("Anfrage", "Enquiry"),
    "other": ("Dokument", "Document"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    page: int
    text: str
    below: str


def by_rules(pages: Sequence[Page]) -> Analysis:
    """What the rules make of a document; `offline` is always said."""
    text = "\n".join(page.text for page in pages)
    category, weight = _category_of(text)
    language = language_of(text)
    lines = list(_lines(pages))
    fields = tuple(found for name, kind in FIELDS[category].items() if (found := _field(name, kind, lines)))
    return Analysis(
        category=category,
        language=language,
        summary=_summary(category, language, fields),
        confidence=_confidence(category, weight, len(fields)),
        fields=fields,
        model=MODEL,
        offline=True,
    )


def _category_of(text: str) -> tuple[Category, int]:
    lowered = text.casefold()
    weights = {
        category: sum(weight for pattern, weight in patterns.items() if re.search(pattern, lowered))
        for category, patterns in KEYWORDS.items()
    }
    best = max(KEYWORDS, key=lambda category: weights[category])
    return (best, weights[best]) if weights[best] >= _LEAST_WEIGHT else ("other", 0)


def _confidence(category: Category, weight: int, found: int) -> float:
    if category == "other":
        return 0.3
    expected = max(1, len(FIELDS[category]))
    return round(min(_MOST_CONFIDENT, 0.25 + 0.02 * min(weight, 10) + 0.25 * found / expected), 2)


def _lines(pages: Sequence[Page]) -> Iterator[_Line]:
    for page in pages:
        lines = [line for line in page.text.splitlines() if line.strip()]
        for index, line in enumerate(lines):
            yield _Line(page.number, line, lines[index + 1] if index + 1 < len(lines) else "")


def _field(name: str, kind: FieldKind, lines: Sequence[_Line]) -> FoundField | None:
    if name == "email":
        return _first_email(lines)
    if kind == "currency":
        return _first_currency(lines)
    for label in LABELS[name]:
        for line in lines:
            found = _beside(label, kind, line)
            if found is not None:
                value, snippet = found
                return FoundField(name, value, line.page, snippet.strip())
    return _unlabelled(name, lines)


def _beside(label: str, kind: FieldKind, line: _Line) -> tuple[str, str] | None:
    """The value right of a label, else the one in the line below it, with the words it was read from."""
    found = _labelled(label).search(line.text)
    if found is None:
        return None
    rest = line.text[found.end() :]
    value = _value(rest, kind)
    if value is not None:
        return value, line.text
    if rest.strip(" \t:.-–_*") or not line.below:
        return None
    value = _value(line.below, kind)
    return None if value is None else (value, line.below)


def _unlabelled(name: str, lines: Sequence[_Line]) -> FoundField | None:
    pattern = PATTERNS.get(name)
    for line in lines if pattern else ():
        found = re.match(pattern or "", line.text.strip(), re.IGNORECASE)
        if found and (value := _value(found["value"], "words")):
            return FoundField(name, value, line.page, line.text.strip())
    return None


@cache
def _labelled(label: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){label}(?![\w-])\s*[:.]?\s*", re.IGNORECASE)


def _value(text: str, kind: FieldKind) -> str | None:
    match kind:
        case "amount":
            return next((plain(found.value) for found in amounts_in(text) if found.exact), None)
        case "date":
            return next((found.isoformat() for found in dates_in(text)), None)
        case "period":
            return next(iter(months_in(text)), None)
        case "currency":
            return currency_in(text)
        case "words":
            # Two blanks or a tab part the columns of a form.
            words = re.split(r"\s{2,}|\t|\|", text.strip(" \t:|-–_"))[0].strip(" ,;:")
            return words if 1 < len(words) <= _LONGEST_VALUE and re.search(r"\w", words) else None


def _first_email(lines: Sequence[_Line]) -> FoundField | None:
    for line in lines:
        found = _EMAIL.search(line.text)
        if found:
            return FoundField("email", found.group().lower(), line.page, line.text.strip())
    return None


def _first_currency(lines: Sequence[_Line]) -> FoundField | None:
    for line in lines:
        currency = currency_in(line.text)
        if currency is not None and any(True for _ in amounts_in(line.text)):
            return FoundField("currency", currency, line.page, line.text.strip())
    return None


def _summary(category: Category, language: Language, fields: Sequence[FoundField]) -> str:
    german, english = _NAMES[category]
    facts = "; ".join(f"{field.name}: {field.value}" for field in fields)
    if language == "de":
        return f"{german}, ohne Sprachmodell nach Regeln gelesen" + (f" ({facts})." if facts else ".")
    return f"{english}, read by rules without a language model" + (f" ({facts})." if facts else ".")
