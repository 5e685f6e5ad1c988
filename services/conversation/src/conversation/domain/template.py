"""The reply when no model can write one: it thanks, names what came, and promises a human."""

import re
from collections.abc import Sequence

from conversation.domain.language import Language

AUTHOR = "template"

_TEXTS: dict[Language, tuple[str, str, str, str, str]] = {
    "de": (
        "Guten Tag",
        "vielen Dank für Ihre Nachricht. Sie ist bei uns angekommen.",
        "Ihre Unterlagen haben wir erhalten: {documents}.",
        "Eine Mitarbeiterin oder ein Mitarbeiter liest Ihr Anliegen und antwortet Ihnen persönlich.",
        "Dies ist eine automatische Eingangsbestätigung; sie wurde ohne Prüfung Ihres Anliegens erstellt.",
    ),
    "en": (
        "Hello",
        "thank you for your message. It has reached us.",
        "We have received your documents: {documents}.",
        "A member of our team will read your enquiry and answer you in person.",
        "This is an automatic confirmation of receipt; it was made without looking into your enquiry.",
    ),
}


def template_reply(language: Language, *, person: str | None, filenames: Sequence[str]) -> str:
    """The template in one language."""
    greeting, thanks, documents, promise, notice = _TEXTS[language]
    name = _speakable(person)
    paragraphs = [f"{greeting} {name}," if name else f"{greeting},", thanks]
    if filenames:
        paragraphs.append(documents.format(documents=", ".join(filenames)))
    return "\n\n".join([*paragraphs, promise, notice])


def _speakable(person: str | None) -> str:
    """The name, if it looks like one: it comes from outside and stands in our letter."""
    name = " ".join((person or "").split())
    return (
        name
        if re.fullmatch(r"[^\W\d_][^\W\d_.'’ -]*(?:[ .'’-]+[^\W\d_]+\.?){0,5}", name) and len(name) <= 80
        else ""
    )
