"""A mail left, perhaps left, or could not leave."""

from __future__ import annotations

from datetime import datetime

from contracts.envelope import Following
from contracts.messages.v1 import MessageFailed, MessageSent, MessageUncertain
from orchestrator.application.move_lead import move_lead
from orchestrator.application.ports import Records, SentNote
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import TurnState


async def note_sent(event: MessageSent, *, records: Records) -> list[Following]:
    """Note a mail that left; a first reply makes the lead CONTACTED. A letter to an account is nobody's enquiry."""
    lead = await records.lead(event.lead_id)
    if lead is None:
        return []
    turn = await records.turn(event.lead_id, event.turn)
    automatic = turn is not None and turn.released_by is None
    await records.keep_sent(
        SentNote(event.lead_id, event.turn, event.purpose, event.external_id, event.sent_at, automatic)
    )
    if event.purpose != "reply":
        return []
    if turn is not None:
        await records.keep_turn(turn.now("answered"))
    following: list[Following] = []
    lead = lead.answered(event.turn)
    if lead.state == "NEW":
        lead, moved = await move_lead(lead, "CONTACTED", "the first reply left", records=records)
        following.append(moved)
        if await _has_answered(lead, event, records=records):
            lead, moved = await move_lead(lead, "CONVERSATION", "the person wrote again", records=records)
            following.append(moved)
    await records.keep_lead(lead)
    return following


async def note_trouble(event: MessageUncertain | MessageFailed, *, records: Records, now: datetime) -> None:
    """Note a mail that did not leave, or perhaps did not. Notification, which saw it, has told the agent."""
    if await records.lead(event.lead_id) is None:
        return
    turn = await records.turn(event.lead_id, event.turn)
    if event.purpose != "reply":
        if isinstance(event, MessageUncertain):  # should it have come through, the agent may answer it
            await records.keep_sent(
                SentNote(event.lead_id, event.turn, event.purpose, event.external_id, now)
            )
    elif turn is not None and turn.state == "sending":
        # A turn that was answered meanwhile, by the agent himself perhaps, waits for nobody.
        state: TurnState = "failed" if isinstance(event, MessageFailed) else "uncertain"
        await records.keep_turn(turn.now(state, reason=event.reason))


async def _has_answered(lead: Lead, event: MessageSent, *, records: Records) -> bool:
    """Whether the person's answer was taken in before the news that the reply had left."""
    if lead.turn <= event.turn:
        return False
    newer = await records.letters_of(lead.lead_id, lead.turn)
    return any(letter.received_at >= event.sent_at and not letter.historic for letter in newer)
