"""What is written into the CRM: tasks and log entries, in the company's language, with no more than it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Language = Literal["de", "en"]
LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Task:
    """Something for staff to do; `reference` is ours, by which it is found again."""

    reference: str
    subject: str
    lines: tuple[str, ...]
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened, for the log; `reference` is ours, by which it is found again."""

    reference: str
    subject: str
    lines: tuple[str, ...]
    at: datetime


def answer_task(
    lead_id: str, language: Language, *, name: str, object_reference: str | None, portal: str | None
) -> Task:
    """The task to see to an enquiry."""
    subject = (f"Anfrage beantworten: {name}" if language == "de" else f"Answer enquiry of {name}") + _object(
        object_reference
    )
    return Task(f"{lead_id}/answer", subject[:LONGEST_SUBJECT], _origin(language, object_reference, portal))


def enquiry_entry(
    lead_id: str,
    language: Language,
    *,
    channel: str,
    object_reference: str | None,
    portal: str | None,
    at: datetime,
) -> Entry:
    """The entry that an enquiry came in; its text stays in the mailbox."""
    subject = (
        f"Anfrage eingegangen ({channel})" if language == "de" else f"Enquiry received ({channel})"
    ) + _object(object_reference)
    return Entry(
        f"{lead_id}/enquiry", subject[:LONGEST_SUBJECT], _origin(language, object_reference, portal), at
    )


def reply_entry(lead_id: str, turn: int, language: Language, *, channel: str, at: datetime) -> Entry:
    """The entry that an answer left."""
    subject = f"Antwort gesendet ({channel})" if language == "de" else f"Answer sent ({channel})"
    return Entry(f"{lead_id}/{turn}/reply", subject, (), at)


def document_entry(
    lead_id: str, document_id: str, language: Language, *, path: str, url: str | None, at: datetime
) -> Entry:
    """The entry that a document was filed."""
    filename = path.rstrip("/").rpartition("/")[2]
    subject = f"Dokument abgelegt: {filename}" if language == "de" else f"Document filed: {filename}"
    lines = tuple(line for line in (path, url) if line)
    return Entry(f"{lead_id}/document/{document_id}", subject[:LONGEST_SUBJECT], lines, at)


def handover_entry(lead_id: str, turn: int, language: Language, *, reason: str, at: datetime) -> Entry:
    """The entry that a human takes over."""
    subject = "An Mitarbeiter übergeben" if language == "de" else "Handed over to staff"
    return Entry(f"{lead_id}/{turn}/handover", subject, (reason,), at)


def handover_task(lead_id: str, turn: int, language: Language, *, name: str, reason: str) -> Task:
    """The task to take over."""
    subject = f"Anfrage übernehmen: {name}" if language == "de" else f"Take over the enquiry of {name}"
    return Task(f"{lead_id}/{turn}/takeover", subject[:LONGEST_SUBJECT], (reason,), urgent=True)


def _object(object_reference: str | None) -> str:
    return f" ({object_reference})" if object_reference else ""


def _origin(language: Language, object_reference: str | None, portal: str | None) -> tuple[str, ...]:
    lines: list[str] = []
    if object_reference:
        lines.append(f"{'Objekt' if language == 'de' else 'Object'}: {object_reference}")
    if portal:
        lines.append(f"Portal: {portal}")
    return tuple(lines)
