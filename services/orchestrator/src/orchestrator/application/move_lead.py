"""A lead moves on: checked, noted in its history, and said."""

from __future__ import annotations

from contracts.leads.v1 import LeadStatusChanged
from orchestrator.application.ports import Records
from orchestrator.domain.lead import Lead, LeadState


async def move_lead(
    lead: Lead, state: LeadState, reason: str, *, records: Records
) -> tuple[Lead, LeadStatusChanged]:
    """The lead in its new state, for the caller to keep, and the news of it. Raises `ForbiddenMove`."""
    moved = lead.moved(state)
    await records.note_move(lead.lead_id, lead.state, state, reason)
    return moved, LeadStatusChanged(lead_id=lead.lead_id, old=lead.state, new=state, reason=reason)
