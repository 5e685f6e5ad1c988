"""A reply was drafted: the AI sends it, a human sees it first, or a human answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from contracts.conversations.v1 import ReplyDrafted
from contracts.envelope import Cancel, Following
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.await_turn import overdue_key
from orchestrator.application.hand_over import hand_over
from orchestrator.application.mail_agent import mail_turn
from orchestrator.application.ports import Records
from orchestrator.application.send_reply import Reply, send_reply
from orchestrator.domain.decision import Brakes, Rule, who_answers
from orchestrator.domain.turn import Draft


async def decide_reply(
    event: ReplyDrafted, *, records: Records, tenant: TenantProfile, now: datetime, fleet_paused: bool
) -> list[Following]:
    """Decide upon a draft; one that a newer letter overtook has no effect."""
    lead = await records.lead(event.lead_id)
    turn = await records.turn(event.lead_id, event.turn)
    if lead is None or turn is None or turn.number != lead.turn or turn.state != "drafting":
        return []
    draft = _draft(event)
    brakes = Brakes(
        to_person_today=await records.automatic_replies(lead.lead_id, now - timedelta(days=1)),
        person_limit=tenant.replies_per_contact_per_day,
        of_tenant_this_hour=await records.automatic_replies(None, now - timedelta(hours=1)),
        tenant_limit=tenant.replies_per_hour,
        paused=tenant.paused or fleet_paused,
        suspended=tenant.suspended,
    )
    rules = [
        Rule(rule.intents, rule.channels, rule.minimum_confidence, rule.answer, rule.hours)
        for rule in tenant.rules
    ]
    decision = who_answers(
        draft, lead.channel, autonomy=tenant.autonomy, rules=rules, brakes=brakes, hours=_hours(tenant, now)
    )
    following: list[Following] = [Cancel(overdue_key(lead.lead_id))]
    if decision.answer == "human":
        return following + await hand_over(
            lead, turn, decision.reason, records=records, tenant=tenant, draft=draft
        )
    if decision.answer == "draft":
        turn = turn.now("review", reason=decision.reason, draft=draft)
        await records.keep_turn(turn)
        return [*following, await mail_turn(lead, turn, "draft", records=records, tenant=tenant)]
    turn = turn.now("sending", reason=decision.reason, draft=draft)
    reply = Reply(draft.text, draft.language, automatic=True)
    return [*following, await send_reply(lead, turn, reply, records=records, tenant=tenant)]


def _hours(tenant: TenantProfile, now: datetime) -> Literal["open", "closed"] | None:
    if tenant.hours is None:
        return None
    return "open" if tenant.hours.open_at(now, tenant.time_zone) else "closed"


def _draft(event: ReplyDrafted) -> Draft:
    return Draft(
        text=event.text,
        language=event.language,
        intent=event.intent,
        sentiment=event.sentiment,
        confidence=event.confidence,
        facts_used=event.facts_used,
        model=event.model,
        offline=event.offline,
    )
