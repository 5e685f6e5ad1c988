"""A turn's window is over: wait for its documents, or have a reply drafted, or hand over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from contracts.conversations.v1 import DocumentSummary, DraftReply, Exchange, Letter
from contracts.envelope import Following, Later
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.await_turn import DraftOverdue, TurnClosing, closing_key, overdue_key
from orchestrator.application.hand_over import hand_over
from orchestrator.application.ports import DocumentNote, Records
from orchestrator.domain.decision import may_be_drafted
from orchestrator.domain.turn import LetterNote


async def close_turn(
    timer: TurnClosing, *, records: Records, tenant: TenantProfile, now: datetime, draft_deadline: timedelta
) -> list[Following]:
    """Close a turn if it is still the open one; a timer of an older turn has no effect."""
    lead = await records.lead(timer.lead_id)
    turn = await records.turn(timer.lead_id, timer.turn)
    if lead is None or turn is None or turn.number != lead.turn or turn.state != "open":
        return []
    letters = await records.letters_of(lead.lead_id, turn.number)
    documents = await records.documents_of([letter.message_id for letter in letters])
    if not turn.may_close(now, documents_pending=_pending(letters, documents)):
        again = turn.closes_at if now < turn.closes_at else turn.deadline
        return [Later(TurnClosing(lead_id=lead.lead_id, turn=turn.number), again, closing_key(lead.lead_id))]
    decision = may_be_drafted(letters, now)
    if decision.answer == "nobody":
        await records.keep_turn(turn.now("silent", reason=decision.reason))
        return []
    if decision.answer == "human":
        return await hand_over(lead, turn, decision.reason, records=records, tenant=tenant)
    if not lead.reply_to:
        reason = "the letter names no address that could be answered"
        return await hand_over(lead, turn, reason, records=records, tenant=tenant)
    await records.keep_turn(turn.now("drafting"))
    history = await records.said_before(lead.lead_id, turn.number)
    command = DraftReply(
        lead_id=lead.lead_id,
        turn=turn.number,
        company=tenant.name,
        time_zone=tenant.time_zone,
        person=lead.name,
        object_reference=lead.object_reference,
        object_title=lead.object_title,
        letters=tuple(_letter(letter) for letter in letters),
        documents=tuple(_summary(document) for document in documents),
        history=tuple(Exchange(who=said.who, at=said.at, text=said.text) for said in history),
    )
    overdue = DraftOverdue(lead_id=lead.lead_id, turn=turn.number)
    return [command, Later(overdue, now + draft_deadline, overdue_key(lead.lead_id))]


async def give_up_waiting(timer: DraftOverdue, *, records: Records, tenant: TenantProfile) -> list[Following]:
    """Hand a turn over whose draft did not come in time."""
    lead = await records.lead(timer.lead_id)
    turn = await records.turn(timer.lead_id, timer.turn)
    if lead is None or turn is None or turn.number != lead.turn or turn.state != "drafting":
        return []
    return await hand_over(lead, turn, "no draft came in time", records=records, tenant=tenant)


def _pending(letters: Sequence[LetterNote], documents: Sequence[DocumentNote]) -> bool:
    told = {document.document_id for document in documents}
    return any(document_id not in told for letter in letters for document_id in letter.document_ids)


def _letter(letter: LetterNote) -> Letter:
    return Letter(
        message_id=letter.message_id, sent_at=letter.sent_at, subject=letter.subject, text=letter.text
    )


def _summary(document: DocumentNote) -> DocumentSummary:
    return DocumentSummary.model_validate(
        {
            "filename": document.filename,
            "category": document.category,
            "summary": document.summary,
            "fields": document.fields,
            "unreadable": document.unreadable,
        }
    )
