"""A message came in: whose it is, which turn it belongs to, and what it sets off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from contracts.envelope import Cancel, Following, Later, new_id
from contracts.leads.v1 import LeadCreated
from contracts.messages.v1 import MessageReceived
from contracts.tenants.http_v1 import TenantProfile
from contracts.values import ContactPoint
from orchestrator.application.await_turn import TurnClosing, closing_key
from orchestrator.application.file_documents import file_documents
from orchestrator.application.move_lead import move_lead
from orchestrator.application.ports import Records
from orchestrator.application.review_draft import review_by_mail
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import UNANSWERED, UNSETTLED, LetterNote, Turn
from orchestrator.domain.words import verdict_of


class AnsweredTooSoon(Exception):
    """The agent answers a mail of ours of which it is not yet known here that it left."""


async def take_letter(
    event: MessageReceived,
    *,
    records: Records,
    tenant: TenantProfile,
    now: datetime,
    patience: timedelta,
    is_own: Callable[[str], bool],
    may_wait: bool,
) -> list[Following]:
    """Take a message in: an enquiry opens or prolongs a turn, an agent's answer decides one, the rest is kept.

    `patience` is how long a turn waits for its documents; `is_own` tells the Message-IDs that are ours; `may_wait` says
    that the message may come again. Raises `AnsweredTooSoon`.
    """
    if is_own(event.external_id):
        return []
    if event.kind == "own_answer":
        return await _agent_answered(event, records=records)
    if _is_from(event, tenant.agent_email):
        return await _agent_wrote(event, records=records, tenant=tenant, is_own=is_own, may_wait=may_wait)
    if event.kind != "enquiry":
        await records.keep_letter(_note(event, None, None))
        return []
    return await _enquiry(event, records=records, tenant=tenant, now=now, patience=patience)


async def _agent_wrote(
    event: MessageReceived,
    *,
    records: Records,
    tenant: TenantProfile,
    is_own: Callable[[str], bool],
    may_wait: bool,
) -> list[Following]:
    """The agent wrote to us: an answer to a mail of ours decides, anything else is kept."""
    if event.authenticity != "fail":
        sent = await records.sent_under(_thread(event))
        if sent is not None:
            return await review_by_mail(event, sent, records=records, tenant=tenant)
        # A verdict is never dropped: should the mail it answers stay unknown, it ends as a dead letter that is seen.
        if any(map(is_own, _thread(event))) and (may_wait or verdict_of(event.text) is not None):
            raise AnsweredTooSoon(
                f"message {event.message_id} answers a mail of ours of which it is not known that it left"
            )
    await records.keep_letter(_note(event, None, None))
    return []


async def _enquiry(
    event: MessageReceived, *, records: Records, tenant: TenantProfile, now: datetime, patience: timedelta
) -> list[Following]:
    await records.hold_message(event.message_id)
    lead_id = await records.lead_of(event.sender.contact_points, new_id())
    lead = await records.lead(lead_id)
    following: list[Following] = []
    if lead is None:
        lead = _new_lead(lead_id, event, now)
        await records.note_move(lead_id, None, "NEW", "first message")
        following.append(_created(lead, event))
    elif lead.state in ("CONTACTED", "LOST") and not event.historic:
        lead, moved = await move_lead(lead, "CONVERSATION", "the person wrote again", records=records)
        following.append(moved)
    if not event.historic:  # an old letter does not tell where to answer today
        lead = _refreshed(lead, event)
    window = timedelta(seconds=tenant.burst_window_seconds)
    turn, lead = await _turn_for(lead, records=records, now=now, window=window, patience=patience)
    await records.keep_letter(_note(event, lead_id, turn.number))
    await records.keep_turn(turn)
    await records.keep_lead(lead)
    documents = await records.documents_of([event.message_id])
    following += await file_documents(
        lead, documents, records=records, tenant=tenant, received_at=event.received_at
    )
    following.append(
        Later(TurnClosing(lead_id=lead_id, turn=turn.number), turn.closes_at, closing_key(lead_id))
    )
    return following


async def _turn_for(
    lead: Lead, *, records: Records, now: datetime, window: timedelta, patience: timedelta
) -> tuple[Turn, Lead]:
    """The turn that a new letter belongs to; an unanswered older turn is overtaken and its letters come along."""
    current = await records.turn(lead.lead_id, lead.turn) if lead.turn else None
    if current is not None and current.state == "open":
        return current.hears(now, window=window), lead
    number = lead.turn + 1
    if current is not None and current.state in UNANSWERED:
        await records.keep_turn(current.now("stale", reason="a newer letter came before anything was sent"))
        await records.move_letters(lead.lead_id, current.number, number)
    return Turn.opened(lead.lead_id, number, now, window=window, patience=patience), lead.with_turn(number)


async def _agent_answered(event: MessageReceived, *, records: Records) -> list[Following]:
    """An agent answered from his own mail program: it counts as the answer, and the AI stands back."""
    lead = await _lead_written_to(event, records)
    if lead is None:
        return []
    lead_id = lead.lead_id
    letters = await records.letters_of(lead_id, lead.turn)
    if event.historic or any(letter.received_at > event.received_at for letter in letters):
        # It answers what came before: it is part of the history, and the newer letter still waits for an answer.
        await records.keep_letter(replace(_note(event, lead_id, lead.turn - 1), by="company"))
        return []
    turn = await records.turn(lead_id, lead.turn)
    await records.keep_letter(replace(_note(event, lead_id, lead.turn), by="company"))
    following: list[Following] = [Cancel(closing_key(lead_id))]
    if turn is not None and turn.state in UNSETTLED:
        await records.keep_turn(turn.now("answered", reason="the agent answered from his own mail program"))
    lead = lead.answered(lead.turn)
    if lead.state == "NEW":
        lead, moved = await move_lead(lead, "CONTACTED", "the agent answered", records=records)
        following.append(moved)
    await records.keep_lead(lead)
    return following


async def _lead_written_to(event: MessageReceived, records: Records) -> Lead | None:
    """By the person's address; a portal's relay is nobody's own, so there the letter that is answered tells."""
    recipient = event.recipient.lower()
    known = await records.known_lead(ContactPoint(kind="email", value=recipient))
    if known is not None:
        return await records.lead(known)
    in_thread = await records.lead_of_thread(_thread(event))
    lead = await records.lead(in_thread) if in_thread is not None else None
    # A letter that is forwarded to a colleague carries the thread too, and answers nobody.
    return lead if lead is not None and lead.reply_to.lower() == recipient else None


def _thread(event: MessageReceived) -> list[str]:
    return [*event.references, *([event.in_reply_to] if event.in_reply_to else [])]


def _is_from(event: MessageReceived, address: str) -> bool:
    return any(
        point.kind == "email" and point.value == address.lower() for point in event.sender.contact_points
    )


def _new_lead(lead_id: str, event: MessageReceived, now: datetime) -> Lead:
    portal = event.portal
    return Lead(
        lead_id=lead_id,
        state="NEW",
        name=event.sender.name,
        channel=event.channel,
        reply_to=event.sender.reply_to,
        subject=event.subject,
        object_reference=(portal.object_reference or portal.listing_id) if portal else None,
        object_title=portal.object_title if portal else None,
        portal=portal.portal if portal else None,
        turn=0,
        answered_turn=0,
        created_at=now,
    )


def _refreshed(lead: Lead, event: MessageReceived) -> Lead:
    """The lead with what the newest letter tells: where to answer, and what was not known before."""
    portal = event.portal
    return replace(
        lead,
        # Where a forged letter wants the answer is no place to send one.
        reply_to=lead.reply_to if event.authenticity == "fail" else event.sender.reply_to or lead.reply_to,
        subject=event.subject or lead.subject,
        name=lead.name or event.sender.name,
        object_reference=lead.object_reference or (portal.object_reference if portal else None),
        object_title=lead.object_title or (portal.object_title if portal else None),
    )


def _created(lead: Lead, event: MessageReceived) -> LeadCreated:
    return LeadCreated(
        lead_id=lead.lead_id,
        name=lead.name,
        contact_points=event.sender.contact_points,
        channel=event.channel,
        message_id=event.message_id,
        subject=event.subject,
        object_reference=lead.object_reference,
        portal=lead.portal,
    )


def _note(event: MessageReceived, lead_id: str | None, turn: int | None) -> LetterNote:
    return LetterNote(
        message_id=event.message_id,
        lead_id=lead_id,
        turn=turn,
        kind=event.kind,
        channel=event.channel,
        external_id=event.external_id,
        references=event.references,
        subject=event.subject,
        text=event.text,
        sent_at=event.sent_at,
        received_at=event.received_at,
        authenticity=event.authenticity,
        automatic=event.automatic,
        historic=event.historic,
        problems=event.problems,
        document_ids=event.document_ids,
    )
