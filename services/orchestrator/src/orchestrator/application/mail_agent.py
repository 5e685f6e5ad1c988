"""Mail to the agent: a draft to approve, a turn to take over, an answer to what he wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from contracts.messages.v1 import MessageReceived, SendEmail
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.ports import DocumentNote, Purpose, Records, SentNote
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import LetterNote, Turn
from orchestrator.domain.words import draft_mail, handover_mail, reply_subject


async def mail_turn(
    lead: Lead, turn: Turn, purpose: Literal["draft", "handover"], *, records: Records, tenant: TenantProfile
) -> SendEmail:
    """A turn with its letters, its reason and its draft, if there is one."""
    letters = await records.letters_of(lead.lead_id, turn.number)
    documents = await records.documents_of([letter.message_id for letter in letters])
    words = draft_mail if purpose == "draft" else handover_mail
    subject, text = words(
        tenant.language,
        lead.name or lead.reply_to,
        letters,
        turn.draft,
        turn.reason,
        _notes(letters, documents),
    )
    return _mail(lead.lead_id, turn.number, purpose, subject, text, tenant=tenant)


def mail_back(event: MessageReceived, sent: SentNote, text: str, *, tenant: TenantProfile) -> SendEmail:
    """An answer, in its thread, to what the agent wrote about a mail of ours."""
    mail = _mail(sent.lead_id, sent.turn, "notice", reply_subject(event.subject), text, tenant=tenant)
    thread = tuple(dict.fromkeys([*event.references, event.external_id]))
    return mail.model_copy(update={"in_reply_to": event.external_id, "references": thread})


def _mail(
    lead_id: str, turn: int, purpose: Purpose, subject: str, text: str, *, tenant: TenantProfile
) -> SendEmail:
    return SendEmail(
        lead_id=lead_id, turn=turn, purpose=purpose, to=(tenant.agent_email,), subject=subject, text=text
    )


def _notes(letters: Sequence[LetterNote], documents: Sequence[DocumentNote]) -> list[str]:
    """What the agent should know of a turn: documents read or unreadable, parts of the mail that were lost."""
    notes = [problem for letter in letters for problem in letter.problems]
    for document in documents:
        if document.unreadable is not None:
            notes.append(f"{document.filename}: {document.unreadable}")
        elif document.category is not None:
            fields = "; ".join(f"{field.name} = {field.value}" for field in document.fields)
            notes.append(f"{document.filename}: {document.category}. {document.summary} {fields}".strip())
    return notes
