"""Have a reply sent in the person's thread, with the company's own words around it."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.messages.v1 import SendEmail
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.ports import Records
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import Turn
from orchestrator.domain.words import OwnTexts, reply_subject, whole_reply


@dataclass(frozen=True, slots=True)
class Reply:
    """The words of a reply, and whether a human stands behind them."""

    body: str
    language: str
    automatic: bool


async def send_reply(
    lead: Lead, turn: Turn, reply: Reply, *, records: Records, tenant: TenantProfile
) -> SendEmail:
    """The command that sends a reply in the person's thread, with the company's own words around it."""
    await records.keep_turn(turn)
    letters = await records.letters_of(lead.lead_id, turn.number)
    newest = letters[-1]
    own = (
        tenant.texts.get(reply.language)
        or tenant.texts.get(tenant.language)
        or next(iter(tenant.texts.values()))
    )
    texts = OwnTexts(own.signature, own.imprint, own.ai_notice)
    return SendEmail(
        lead_id=lead.lead_id,
        turn=turn.number,
        purpose="reply",
        to=(lead.reply_to,),
        subject=reply_subject(newest.subject or lead.subject),
        text=whole_reply(reply.body, texts, written_by_ai=True),
        in_reply_to=newest.external_id,
        references=tuple(dict.fromkeys([*newest.references, newest.external_id])),
        automatic=reply.automatic,
    )
