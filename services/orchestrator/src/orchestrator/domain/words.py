"""The texts that the orchestrator itself puts together: a reply with the company's own words around it, and mail to the agent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.domain.turn import Draft, LetterNote

Verdict = Literal["send", "drop", "edit"]
_RE = re.compile(r"^\s*(re|aw|antw|fwd?|wg)\s*:\s*", re.IGNORECASE)
_VERDICTS: dict[str, Verdict] = {
    "senden": "send", "send": "send", "ok": "send", "freigeben": "send",
    "verwerfen": "drop", "drop": "drop", "nicht senden": "drop", "do not send": "drop",
}  # fmt: skip
_EDIT = re.compile(r"^\s*(antwort|answer|reply)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnTexts:
    """A company's own words in one language."""

    signature: str
    imprint: str
    ai_notice: str


def reply_subject(subject: str) -> str:
    """`Re: ` before the subject, once."""
    bare = subject
    while (match := _RE.match(bare)) is not None:
        bare = bare[match.end() :]
    return f"Re: {bare.strip() or '—'}"


def whole_reply(body: str, texts: OwnTexts, *, written_by_ai: bool) -> str:
    """A reply as it leaves: body, signature, the notice that an AI wrote it, imprint."""
    notice = f"\n\n{texts.ai_notice}" if written_by_ai else ""
    return f"{body.strip()}\n\n{texts.signature}{notice}\n\n-- \n{texts.imprint}\n"


def verdict_of(text: str) -> tuple[Verdict, str] | None:
    """What an agent's answer to a draft says: its first line is a word of ours, or `Antwort:` and the text to send.

    Returns the verdict and, for an edit, the new text; `None` when the answer is neither.
    """
    lines = text.strip().splitlines()
    if not lines:
        return None
    first = lines[0].strip().strip(".!").lower()
    if first in _VERDICTS:
        return _VERDICTS[first], ""
    match = _EDIT.match(text)
    if match is not None and text[match.end() :].strip():
        return "edit", text[match.end() :].strip()
    return None


def draft_mail(
    language: str,
    person: str,
    letters: Sequence[LetterNote],
    draft: Draft | None,
    reason: str,
    notes: Sequence[str],
) -> tuple[str, str]:
    """The mail by which a draft reaches the agent: subject and text."""
    german = language == "de"
    subject = f"Entwurf zur Freigabe: {person}" if german else f"Draft to approve: {person}"
    head = (
        "Antworten Sie auf diese Mail mit SENDEN (so senden), VERWERFEN (nicht senden) oder mit ANTWORT: und Ihrem Text."
        if german
        else "Answer this mail with SEND (send as it is), DROP (do not send), or with ANSWER: and your own text."
    )
    proposal = _proposal("Entwurf" if german else "Draft", draft)
    return subject, _told(german, head, reason, proposal, letters, notes)


def handover_mail(
    language: str,
    person: str,
    letters: Sequence[LetterNote],
    draft: Draft | None,
    reason: str,
    notes: Sequence[str],
) -> tuple[str, str]:
    """The mail by which a letter is handed to the agent: subject and text."""
    german = language == "de"
    subject = f"Bitte übernehmen: {person}" if german else f"Please take over: {person}"
    head = (
        "Bitte beantworten Sie diese Anfrage selbst; die KI hält sich zurück."
        if german
        else "Please answer this enquiry yourself; the AI stands back."
    )
    proposal = _proposal("Vorschlag" if german else "Proposal", draft)
    return subject, _told(german, head, reason, proposal, letters, notes)


def _told(
    german: bool, head: str, reason: str, proposal: str, letters: Sequence[LetterNote], notes: Sequence[str]
) -> str:
    why = f"{'Grund' if german else 'Reason'}: {reason}"
    return f"{head}\n\n{why}\n\n{proposal}{_letters(german, letters)}{_notes(german, notes)}"


def _proposal(title: str, draft: Draft | None) -> str:
    return f"=== {title} ===\n{draft.text.strip()}\n\n" if draft is not None else ""


def _letters(german: bool, letters: Sequence[LetterNote]) -> str:
    title = "Schreiben" if german else "Letter"
    return "\n".join(
        f"=== {title} {letter.sent_at:%d.%m.%Y %H:%M} UTC: {letter.subject} ===\n{letter.text.strip()}\n"
        for letter in letters
    )


def _notes(german: bool, notes: Sequence[str]) -> str:
    if not notes:
        return ""
    title = "Hinweise" if german else "Notes"
    return f"\n=== {title} ===\n" + "\n".join(f"- {note}" for note in notes) + "\n"
