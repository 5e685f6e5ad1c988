"""Hand a turn to a human: said to all, and mailed to the agent with letter, reason and draft."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.envelope import Following
from contracts.leads.v1 import HandoverRequested
from contracts.messages.v1 import SendEmail
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.ports import DocumentNote, Records
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import Draft, LetterNote, Turn
from orchestrator.domain.words import handover_mail


async def hand_over(
    lead: Lead,
    turn: Turn,
    reason: str,
    *,
    records: Records,
    tenant: TenantProfile,
    draft: Draft | None = None,
) -> list[Following]:
    """The AI stands back for this turn."""
    await records.keep_turn(turn.now("human", reason=reason, draft=draft))
    letters = await records.letters_of(lead.lead_id, turn.number)
    documents = await records.documents_of([letter.message_id for letter in letters])
    subject, text = handover_mail(
        tenant.language, person_of(lead), letters, draft, reason, notes_of(letters, documents)
    )
    mail = SendEmail(
        lead_id=lead.lead_id,
        turn=turn.number,
        purpose="handover",
        to=(tenant.agent_email,),
        subject=subject,
        text=text,
    )
    return [HandoverRequested(lead_id=lead.lead_id, turn=turn.number, reason=reason), mail]


def person_of(lead: Lead) -> str:
    """How a mail to the agent calls the person."""
    return lead.name or lead.reply_to


def notes_of(letters: Sequence[LetterNote], documents: Sequence[DocumentNote]) -> list[str]:
    """What the agent should know of a turn: documents read or unreadable, parts of the mail that were lost."""
    notes = [problem for letter in letters for problem in letter.problems]
    for document in documents:
        if document.unreadable is not None:
            notes.append(f"{document.filename}: {document.unreadable}")
        elif document.category is not None:
            fields = "; ".join(f"{field.name} = {field.value}" for field in document.fields)
            notes.append(f"{document.filename}: {document.category}. {document.summary} {fields}".strip())
    return notes
