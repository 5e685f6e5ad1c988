"""A human decides upon a draft: by answering the mail that brought it, or by command."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from contracts.conversations.v1 import ReplyReviewed
from contracts.envelope import Following
from contracts.messages.v1 import MessageReceived
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.mail_agent import mail_back
from orchestrator.application.ports import Records, SentNote
from orchestrator.application.send_reply import Reply, send_reply
from orchestrator.domain.lead import Lead
from orchestrator.domain.turn import Turn, TurnState
from orchestrator.domain.words import verdict_of

_MAY_BE_SENT: frozenset[TurnState] = frozenset({"review", "human"})
_MAY_BE_DROPPED: frozenset[TurnState] = frozenset({"review", "human", "uncertain", "failed"})
_REVIEWED: dict[str, Literal["kept", "changed", "refused"]] = {
    "send": "kept",
    "edit": "changed",
    "drop": "refused",
}
_NOT_UNDERSTOOD = {
    "de": "Ihre Antwort wurde nicht verstanden und nichts gesendet. Bitte antworten Sie mit SENDEN, VERWERFEN oder "
    "ANTWORT: und Ihrem Text.",
    "en": "Your answer was not understood and nothing was sent. Please answer with SEND, DROP, or ANSWER: and your text.",
}
_OVERTAKEN = {
    "de": "Der Entwurf ist überholt: Inzwischen kam ein neueres Schreiben, oder es wurde schon geantwortet.",
    "en": "The draft is overtaken: a newer letter came meanwhile, or it was answered already.",
}


_NO_DRAFT = {
    "de": "Zu diesem Schreiben gibt es keinen Entwurf, und nichts wurde gesendet. Bitte antworten Sie mit ANTWORT: und "
    "Ihrem Text, oder schreiben Sie selbst.",
    "en": "There is no draft for this letter, and nothing was sent. Please answer with ANSWER: and your text, or write "
    "yourself.",
}


class NothingToReview(LookupError):
    """The lead has no draft that waits for a human."""


class NoDraft(NothingToReview):
    """The turn waits for a human, and nothing was drafted for it that could be sent."""


async def review_by_mail(
    event: MessageReceived, sent: SentNote, *, records: Records, tenant: TenantProfile
) -> list[Following]:
    """Do what an agent's answer to a draft or a hand-over says; what is not understood is said back."""
    verdict = verdict_of(event.text)
    if verdict is None:
        return [mail_back(event, sent, _NOT_UNDERSTOOD[tenant.language], tenant=tenant)]
    try:
        return await review(
            sent.lead_id,
            sent.turn,
            verdict[0],
            verdict[1],
            by=tenant.agent_email,
            records=records,
            tenant=tenant,
        )
    except NoDraft:
        return [mail_back(event, sent, _NO_DRAFT[tenant.language], tenant=tenant)]
    except NothingToReview:
        return [mail_back(event, sent, _OVERTAKEN[tenant.language], tenant=tenant)]


async def review(
    lead_id: str,
    number: int | None,
    verdict: Literal["send", "drop", "edit"],
    text: str,
    *,
    by: str,
    records: Records,
    tenant: TenantProfile,
) -> list[Following]:
    """Send a draft, send another text in its place, or drop it. `number` is the turn; none is the current one.

    Raises `NothingToReview` when nothing waits, or the draft was overtaken.
    """
    states = _MAY_BE_DROPPED if verdict == "drop" else _MAY_BE_SENT
    lead, turn = await _waiting(lead_id, number, states, records)
    reviewed = ReplyReviewed(lead_id=lead_id, turn=turn.number, verdict=_REVIEWED[verdict], by=by)
    if verdict == "drop":
        await records.keep_turn(turn.now("refused", reason=f"dropped by {by}"))
        await records.keep_lead(lead.answered(turn.number))
        return [reviewed]
    if verdict == "send" and turn.draft is None:
        raise NoDraft(f"lead {lead_id} has no draft that could be sent; answer with a text of your own")
    draft = turn.draft
    body = text if verdict == "edit" else (draft.text if draft is not None else "")
    language = draft.language if draft is not None else tenant.language
    # What is kept of the turn is what leaves: the next draft is written upon it.
    kept = replace(draft, text=body) if draft is not None else None
    sending = replace(turn, state="sending", reason=f"released by {by}", released_by=by, draft=kept)
    mail = await send_reply(
        lead, sending, Reply(body, language, automatic=False), records=records, tenant=tenant
    )
    return [reviewed, mail]


async def _waiting(
    lead_id: str, number: int | None, states: frozenset[TurnState], records: Records
) -> tuple[Lead, Turn]:
    lead = await records.lead(lead_id)
    if lead is None:
        raise NothingToReview(f"there is no lead {lead_id}")
    turn = await records.turn(lead_id, lead.turn)
    if turn is None or turn.state not in states or (number is not None and number != turn.number):
        raise NothingToReview(f"lead {lead_id} has no draft that waits for a human")
    return lead, turn
