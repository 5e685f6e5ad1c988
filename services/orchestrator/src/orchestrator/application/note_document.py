"""A document was read, could not be read, or was filed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from contracts.documents.v1 import DocumentAnalyzed, DocumentFiled, DocumentUnreadable
from contracts.envelope import Following, Later
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.await_turn import TurnClosing, closing_key
from orchestrator.application.file_documents import file_documents
from orchestrator.application.ports import DocumentNote, Records


async def note_document(
    event: DocumentAnalyzed | DocumentUnreadable, *, records: Records, tenant: TenantProfile, now: datetime
) -> list[Following]:
    """Keep what is known of a document; have it filed; let a turn that waited for it close."""
    analyzed = event if isinstance(event, DocumentAnalyzed) else None
    unreadable = event.detail if isinstance(event, DocumentUnreadable) else None
    # The message's lock comes first, then the lead's, as when the letter is taken; the letter tells which lead.
    await records.hold_message(event.message_id)
    letter = await records.letter(event.message_id)
    lead = await records.lead(letter.lead_id) if letter is not None and letter.lead_id is not None else None
    document = DocumentNote(
        document_id=event.document_id,
        message_id=event.message_id,
        filename=event.filename,
        blob=event.blob,
        category=analyzed.category if analyzed else None,
        summary=analyzed.summary if analyzed else "",
        fields=analyzed.fields if analyzed else (),
        unreadable=unreadable,
    )
    known = await records.document(event.document_id)
    if known is not None:
        document = replace(document, asked_to_file=known.asked_to_file, filed_path=known.filed_path)
    await records.keep_document(document)
    if lead is None or letter is None:
        return []  # the letter is on its way; taking it files the document
    following = await file_documents(
        lead, [document], records=records, tenant=tenant, received_at=letter.received_at
    )
    turn = await records.turn(lead.lead_id, lead.turn)
    if turn is not None and turn.state == "open" and now >= turn.closes_at:
        following.append(
            Later(TurnClosing(lead_id=lead.lead_id, turn=turn.number), now, closing_key(lead.lead_id))
        )
    return following


async def note_filed(event: DocumentFiled, *, records: Records) -> None:
    """Keep where a document was filed."""
    known = await records.document(event.document_id)
    if known is not None:
        await records.keep_document(replace(known, filed_path=event.path))
