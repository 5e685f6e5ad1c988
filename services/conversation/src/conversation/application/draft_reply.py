"""Draft one reply that covers all letters of a turn."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from contracts.conversations.v1 import DraftReply, ReplyDrafted
from contracts.values import Cost, NamedValue, Tokens
from conversation.application.ports import Drafted, ModelFailed, Writer
from conversation.domain.confidence import (
    CEILINGS,
    Observation,
    founded,
    has_placeholder,
    is_very_short,
    judged,
)
from conversation.domain.language import language_of
from conversation.domain.proposal import Author, Proposal
from conversation.domain.safety import without_foreign_contacts
from conversation.domain.template import AUTHOR, template_reply

_log = logging.getLogger(__name__)


class ReplyDrafter:
    """Asks the writer, checks what it wrote, and falls back to a template that promises a human.

    While waiting may help, the first `patience` attempts wait for the model; then the template is drafted, so that
    an outage of a vendor delays an enquiry but never loses it.
    """

    def __init__(self, writer: Writer, *, patience: int) -> None:
        self._writer = writer
        self._patience = patience

    async def __call__(
        self, enquiry: DraftReply, *, tenant_id: str, now: datetime, attempt: int = 1
    ) -> Drafted:
        """The draft for a turn. Raises a passing `ModelFailed` while there is patience left."""
        try:
            proposal = await self._writer.write(enquiry, tenant_id=tenant_id, now=now)
        except ModelFailed as failure:
            if failure.passing and attempt <= self._patience:
                raise
            _log.warning(
                "Lead %s, turn %s: a template is drafted. %s", enquiry.lead_id, enquiry.turn, failure
            )
            proposal = fall_back(enquiry)
        return checked(enquiry, proposal, now=now)


def fall_back(enquiry: DraftReply) -> Proposal:
    """The template in the letters' language."""
    language = language_of(*_letters(enquiry)).language
    reply = template_reply(
        language, person=enquiry.person, filenames=[document.filename for document in enquiry.documents]
    )
    return Proposal(
        language=language,
        intent="other",
        sentiment="neutral",
        confidence=CEILINGS["no_model"],
        entities=(),
        reply=reply,
        facts_used=(),
        author=Author(model=AUTHOR, offline=True),
    )


def checked(enquiry: DraftReply, proposal: Proposal, *, now: datetime) -> Drafted:
    """The proposal by our own rules: nothing foreign in it, and no more confidence than it deserves."""
    known = list(_known(enquiry))
    cleaned = without_foreign_contacts(proposal.reply, known=known)
    if not cleaned.text and not proposal.author.offline:
        # Nothing is left of what the model wrote; its cost stays.
        author = replace(proposal.author, model=AUTHOR, offline=True)
        return checked(enquiry, replace(fall_back(enquiry), author=author), now=now)
    facts = founded(proposal.facts_used, known=known)
    written = language_of(cleaned.text)
    seen = list(_observations(enquiry, cleaned.text))
    if proposal.author.offline:
        seen.append("no_model")
    if cleaned.removed:
        seen.append("foreign_contact")
    if not facts.complete:
        seen.append("unfounded_fact")
    said = replace(
        proposal,
        reply=cleaned.text,
        facts_used=facts.facts,
        confidence=judged(proposal.confidence, seen),
        language=written.language if written.certain else proposal.language,
    )
    return Drafted(_event(enquiry, said), tuple(seen), proposal.author.tokens, now)


def _observations(enquiry: DraftReply, reply: str) -> Iterator[Observation]:
    letters, written = language_of(*_letters(enquiry)), language_of(reply)
    if letters.certain and written.certain and letters.language != written.language:
        yield "other_language"
    if has_placeholder(reply):
        yield "placeholder"
    if is_very_short(reply):
        yield "very_short"


def _event(enquiry: DraftReply, proposal: Proposal) -> ReplyDrafted:
    author = proposal.author
    cost = None
    if author.cost is not None and author.currency is not None:
        cost = Cost(amount=f"{author.cost:f}", currency=author.currency)
    return ReplyDrafted(
        lead_id=enquiry.lead_id,
        turn=enquiry.turn,
        text=proposal.reply,
        language=proposal.language,
        intent=proposal.intent,
        sentiment=proposal.sentiment,
        confidence=proposal.confidence,
        entities=tuple(NamedValue(name=entity.name, value=entity.value) for entity in proposal.entities),
        facts_used=proposal.facts_used,
        model=author.model,
        offline=author.offline,
        cost=cost,
        tokens=Tokens(input=author.input_tokens, output=author.output_tokens) if author.tokens else None,
    )


def _letters(enquiry: DraftReply) -> Iterator[str]:
    for letter in enquiry.letters:
        yield letter.subject
        yield letter.text


def _known(enquiry: DraftReply) -> Iterator[str]:
    """All that we were given: the company's facts, the letters, the documents, what was said before."""
    yield from (enquiry.company, enquiry.person or "")
    yield f"{enquiry.object_reference or ''} {enquiry.object_title or ''}"
    yield from _letters(enquiry)
    for document in enquiry.documents:
        fields = " ".join(f"{found.name} {found.value} {found.snippet}" for found in document.fields)
        read = f"{document.category or ''} {document.summary} {fields} {document.unreadable or ''}"
        yield f"{document.filename} {read}"
    for exchange in enquiry.history:
        yield exchange.text
