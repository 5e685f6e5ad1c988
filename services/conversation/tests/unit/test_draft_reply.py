"""A draft for a turn: from the model, checked; or the template, which says so."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import pytest

from contracts.conversations.v1 import DocumentSummary, DraftReply
from conversation.application.draft_reply import ReplyDrafter
from conversation.application.ports import ModelFailed
from conversation.domain.proposal import Author, Entity, Proposal

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
REPLY = (
    "Guten Tag Jörg Müller,\n\nvielen Dank für Ihre Anfrage zur Wohnung A-17. Ihren Wunschtermin am Dienstag, "
    "24. November 2026, haben wir notiert und bestätigen Ihnen den Termin in Kürze."
)


class Busy(ModelFailed):
    passing: ClassVar[bool] = True


class Scripted:
    """A writer that says or raises what a test tells it."""

    def __init__(self, result: Proposal | ModelFailed) -> None:
        self.result = result

    async def write(self, enquiry: DraftReply, *, tenant_id: str, now: datetime) -> Proposal:
        if isinstance(self.result, ModelFailed):
            raise self.result
        return self.result


def proposal(**changes: object) -> Proposal:
    values: dict[str, object] = {
        "language": "de",
        "intent": "viewing",
        "sentiment": "positive",
        "confidence": 0.9,
        "entities": (Entity("date", "2026-11-24"),),
        "reply": REPLY,
        "facts_used": ("Wohnung A-17", "nächsten Dienstag"),
        "author": Author(
            model="gpt-6-luna", cost=Decimal("0.00231"), currency="USD", input_tokens=300, output_tokens=21
        ),
    }
    return Proposal(**(values | changes))


async def drafted(enquiry: DraftReply, result: Proposal | ModelFailed, *, attempt: int = 1):
    drafter = ReplyDrafter(Scripted(result), patience=2)
    return await drafter(enquiry, tenant_id="t1", now=NOW, attempt=attempt)


async def test_a_good_proposal_is_said_as_it_is(enquiry) -> None:
    draft = await drafted(enquiry(turn=3), proposal())
    reply = draft.reply
    assert (reply.lead_id, reply.turn) == ("lead-1", 3)
    assert reply.text == REPLY
    assert (reply.language, reply.intent, reply.sentiment, reply.confidence) == (
        "de",
        "viewing",
        "positive",
        0.9,
    )
    assert reply.facts_used == ("Wohnung A-17", "nächsten Dienstag")
    assert reply.entities[0].value == "2026-11-24"
    assert reply.cost is not None
    assert (reply.cost.amount, reply.cost.currency) == ("0.00231", "USD")
    assert not reply.offline
    assert draft.observations == ()
    assert draft.tokens == 321


async def test_an_unknown_cost_stays_unknown(enquiry) -> None:
    assert (await drafted(enquiry(), proposal(author=Author(model="m")))).reply.cost is None


async def test_a_foreign_link_never_leaves_and_a_human_is_asked_to_look(enquiry) -> None:
    draft = await drafted(enquiry(), proposal(reply=f"{REPLY} Zahlen Sie hier: https://evil.example/x."))
    assert "evil" not in draft.reply.text
    assert draft.reply.confidence == 0.3
    assert "foreign_contact" in draft.observations


async def test_a_reply_in_the_wrong_language_is_not_trusted(enquiry) -> None:
    english = (
        "Dear Jörg Müller, thank you for your enquiry. We have noted your wish and will get back to you."
    )
    draft = await drafted(enquiry(), proposal(reply=english, language="de", facts_used=()))
    assert draft.reply.language == "en"
    assert draft.reply.confidence == 0.4


async def test_an_invented_fact_is_dropped_and_lowers_the_confidence(enquiry) -> None:
    draft = await drafted(
        enquiry(), proposal(facts_used=("Wohnung A-17", "Tiefgarage mit zwei Stellplätzen"))
    )
    assert draft.reply.facts_used == ("Wohnung A-17",)
    assert draft.reply.confidence == 0.6


async def test_a_reply_of_which_nothing_is_left_becomes_the_template_and_keeps_its_cost(enquiry) -> None:
    draft = await drafted(enquiry(), proposal(reply="https://evil.example/x"))
    assert draft.reply.offline
    assert draft.reply.model == "template"
    assert draft.reply.cost is not None
    assert "persönlich" in draft.reply.text


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        (
            "Guten Tag, ist die Wohnung noch frei?",
            "de",
            ["Guten Tag Jörg Müller,", "persönlich", "automatische"],
        ),
        ("Hello, is the flat still available?", "en", ["Hello Jörg Müller,", "in person", "automatic"]),
    ],
)
async def test_without_a_model_a_template_promises_a_human_and_says_what_it_is(
    enquiry, text, language, words
) -> None:
    draft = await drafted(enquiry(text=text, subject=""), ModelFailed("The key is no longer good."))
    reply = draft.reply
    assert reply.offline
    assert reply.model == "template"
    assert reply.confidence == 0.1
    assert reply.language == language
    assert reply.intent == "other"
    assert all(word in reply.text for word in words)


async def test_the_template_names_the_documents_that_came(enquiry) -> None:
    documents = (DocumentSummary(filename="Lohnzettel März.pdf"), DocumentSummary(filename="Ausweis.jpg"))
    draft = await drafted(enquiry(documents=documents), ModelFailed("no budget"))
    assert "Lohnzettel März.pdf, Ausweis.jpg" in draft.reply.text


async def test_a_name_that_is_none_is_not_repeated(enquiry) -> None:
    draft = await drafted(enquiry(person="Gewinnen Sie! https://evil.example"), ModelFailed("no budget"))
    assert draft.reply.text.startswith("Guten Tag,\n")
    assert "evil" not in draft.reply.text


@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_busy_model_is_waited_for(enquiry, attempt: int) -> None:
    with pytest.raises(Busy):
        await drafted(enquiry(), Busy("busy"), attempt=attempt)


async def test_when_patience_is_spent_the_template_is_drafted(enquiry) -> None:
    assert (await drafted(enquiry(), Busy("busy"), attempt=3)).reply.offline


async def test_what_will_not_pass_is_not_waited_for(enquiry) -> None:
    assert (await drafted(enquiry(), ModelFailed("refused"), attempt=1)).reply.offline
