"""Hand a turn to a human: said to all, and mailed to the agent with letter, reason and draft."""

from __future__ import annotations

from contracts.envelope import Following
from contracts.leads.v1 import HandoverRequested
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.mail_agent import mail_turn
from orchestrator.application.ports import Records
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import Draft, Turn


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
    turn = turn.now("human", reason=reason, draft=draft)
    await records.keep_turn(turn)
    mail = await mail_turn(lead, turn, "handover", records=records, tenant=tenant)
    return [HandoverRequested(lead_id=lead.lead_id, turn=turn.number, reason=reason), mail]
