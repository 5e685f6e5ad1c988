"""A portal's letter for people: labels and values, in lines of text or rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable

from email_ingest.domain.characters import one_line
from email_ingest.domain.contact import normal_address
from email_ingest.domain.feedback import Enquirer, without_extras

_FIELDS = {
    "name": "name", "kontaktname": "name", "anfrage von": "name", "interessent": "name", "absender": "name",
    "vorname": "first", "nachname": "last", "familienname": "last", "first name": "first", "last name": "last",
    "e-mail": "email", "email": "email", "e-mail-adresse": "email", "mail": "email", "e-mail address": "email",
    "telefon": "phone", "telefonnummer": "phone", "tel": "phone", "tel-nr": "phone", "mobil": "phone",
    "mobiltelefon": "phone", "handy": "phone", "rückrufnummer": "phone", "phone": "phone",
    "objekt-nr": "reference", "objektnummer": "reference", "objektnr": "reference", "referenznummer": "reference",
    "ref-nr": "reference", "referenz": "reference", "objekt-id": "reference", "interne nummer": "reference",
    "scout-id": "listing", "online-id": "listing", "immowelt-id": "listing", "willhaben-code": "listing",
    "exposé-id": "listing", "expose-id": "listing", "anzeigennummer": "listing", "anzeigen-nr": "listing",
    "objekt": "title", "immobilie": "title", "anzeige": "title", "titel": "title",
    "nachricht": "message", "anmerkungen/fragen des interessenten": "message", "anmerkungen": "message",
    "anmerkung": "message", "mitteilung": "message", "anfrage": "message", "kommentar": "message",
    "nachricht des interessenten": "message", "message": "message", "ihre nachricht": "message",
}  # fmt: skip
_LABELLED = re.compile(r"^\s*[*•-]?\s*([A-Za-zÄÖÜäöüßé.][A-Za-zÄÖÜäöüßé./ -]{1,44}?)\s*:(?!//)\s*(.*)$")
_END = re.compile(
    r"^\s*(weitere daten zum interessenten|diese (nachricht|e-?mail|anfrage) wurde|antworten sie|sie können (direkt )?(auf )?diese"
    r"|(mit freundlichen grüßen,? )?ihr(e)? \S*(scout|willhaben|immowelt|immonet|kleinanzeigen)\S*|datenschutz|impressum|©|-- ?$"
    r"|hinweis:|tipp:|jetzt antworten)", re.IGNORECASE,
)  # fmt: skip


def read_labels(text: str, rows: Iterable[tuple[str, str]] = ()) -> Enquirer:
    """What the labelled lines of a text, and a table's rows, say about an enquiry."""
    found: dict[str, str] = {}
    for label, value in rows:
        if value and _field(label):
            found.setdefault(_field(label), value)
    lines = text.split("\n")
    for number, line in enumerate(lines):
        label, value = _labelled(line)
        if label == "message" and "message" not in found:
            message = _message(value, lines[number + 1 :])
            if message:
                found["message"] = message
            if value or message:
                continue
        elif label and value:
            found.setdefault(label, value)
        if "message" in found and label == "message":
            break
    return _enquirer(found)


def is_label(text: str) -> bool:
    """Whether a table's cell is one of the labels that are known."""
    return bool(_field(text))


def _labelled(line: str) -> tuple[str, str]:
    """The field and the value of a line; a heading without a colon may open the message."""
    if _field(line) == "message" and len(line) > 12:
        return "message", ""
    matched = _LABELLED.match(line) if len(line) < 2000 else None
    return (_field(matched[1]), one_line(matched[2])) if matched else ("", "")


def _field(label: str) -> str:
    name = one_line(label).strip(" :*").lower().replace(".", "").replace(" /", "/").replace("/ ", "/")
    return _FIELDS.get(name, "")


def _message(first: str, following: list[str]) -> str:
    """The person's words: from the label until the portal speaks again."""
    words = [first] if first else []
    after_a_gap = False
    for line in following:
        if _END.match(line) or (after_a_gap and _labelled(line)[0] and words):
            break
        after_a_gap = not line.strip()
        words.append(line)
    return without_extras("\n".join(words))


def _enquirer(found: dict[str, str]) -> Enquirer:
    name = " ".join(found[part] for part in ("first", "last") if found.get(part)) or found.get("name")
    email = found.get("email", "").removeprefix("mailto:").split(" ")[0].strip("<>")
    return Enquirer(
        name=one_line(name) if name else None,
        email=email if normal_address(email) else None,
        phone=found.get("phone"),
        message=found.get("message"),
        object_reference=found.get("reference"),
        listing_id=found.get("listing"),
        object_title=found.get("title"),
    )
