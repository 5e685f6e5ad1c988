"""An enquiry as the text that the prompt describes: labelled sections, and nothing from outside that could forge one."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.conversations.v1 import DocumentSummary, DraftReply

_LETTERS_LIMIT = 60_000
_EXCHANGE_LIMIT = 4_000
_EXCHANGES = 12
_FORGED = re.compile(r"^(?=[ \t]*(?:#|---))", re.MULTILINE)


def sections(enquiry: DraftReply, *, now: datetime) -> str:
    """The user input for the model."""
    parts = {
        "TODAY": _today(now, enquiry.time_zone),
        "COMPANY": _line(enquiry.company),
        "PERSON": _line(enquiry.person or ""),
        "OBJECT": _object(enquiry),
        "LETTERS": "\n".join(_letters(enquiry)),
        "DOCUMENTS": "\n".join(_document(document) for document in enquiry.documents),
        "HISTORY": "\n".join(_history(enquiry)),
        "TURN": str(enquiry.turn),
    }
    return "\n".join(f"## {name}\n{content}" for name, content in parts.items()) + "\n"


def _today(now: datetime, time_zone: str) -> str:
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    local = now.astimezone(zone)
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return f"{local.date().isoformat()}, {weekdays[local.weekday()]}, {zone.key}"


def _object(enquiry: DraftReply) -> str:
    return _line(" ".join(part for part in (enquiry.object_reference, enquiry.object_title) if part))


def _letters(enquiry: DraftReply) -> Iterator[str]:
    limit = _LETTERS_LIMIT // len(enquiry.letters)
    for number, letter in enumerate(enquiry.letters, start=1):
        yield f"--- letter {number}, {letter.sent_at.isoformat()}, subject: {_line(letter.subject)}"
        yield _quoted(letter.text, limit)


def _document(document: DocumentSummary) -> str:
    name = _line(document.filename).replace(": ", " ")
    if document.unreadable is not None:
        return f"- {name}: unreadable: {_line(document.unreadable)}"
    fields = "".join(f"; {field.name}={_line(field.value)}" for field in document.fields)
    return f"- {name}: {document.category or 'other'}: {_line(document.summary)}{fields}"


def _history(enquiry: DraftReply) -> Iterator[str]:
    for exchange in enquiry.history[-_EXCHANGES:]:
        yield f"{exchange.who}, {exchange.at.isoformat()}: {_quoted(exchange.text, _EXCHANGE_LIMIT)}"


def _line(text: str) -> str:
    """Text from outside on one line of its own."""
    return _FORGED.sub("> ", " ".join(text.split()))[:500]


def _quoted(text: str, limit: int) -> str:
    """Text from outside, in which no line can pass for a section or a letter of ours."""
    shown = text if len(text) <= limit else f"{text[:limit]} […]"
    return _FORGED.sub("> ", "\n".join(shown.splitlines()))
