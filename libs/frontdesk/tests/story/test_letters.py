"""The letters of the story, read as a mail program reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest

from frontdesk.story.letters import (
    Attachment,
    Letter,
    answer_to,
    burst,
    direct_enquiry,
    own_letter,
    portal_lead,
)
from frontdesk.story.person import PORTALS, Portal, Story, draw_story, german_date
from frontdesk.story.texts import words

TODAY = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TO = "anfrage@makler.example"


def _read(letter: Letter) -> EmailMessage:
    assert b"\n" not in letter.raw.replace(b"\r\n", b"")
    assert max(map(len, letter.raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(letter.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message["Message-ID"] == letter.message_id
    assert "Authentication-Results" not in message
    return message


def _text(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def _story_from(portal: Portal) -> Story:
    return next(story for seed in range(100) if (story := draw_story(seed, TODAY)).portal == portal)


@pytest.mark.parametrize("portal", PORTALS, ids=lambda portal: portal.name)
def test_a_portal_lead_names_the_person_in_reply_to_text_html_and_feedback(portal: Portal) -> None:
    story = _story_from(portal)
    slip = Attachment("Gehaltsabrechnung März.pdf", b"%PDF-1.7 scan")
    message = _read(portal_lead(story, to=TO, at=AT, attachments=[slip]))
    assert message.get_content_type() == "multipart/mixed"
    assert message["From"].addresses[0].addr_spec == portal.sender
    assert message["Reply-To"].addresses[0].addr_spec == story.email
    assert message["Reply-To"].addresses[0].display_name == story.name
    assert story.home.reference in message["Subject"]
    assert parsedate_to_datetime(str(message["Date"])) == AT
    for text in (_text(message), _text(message, "html")):
        assert all(fact in text for fact in (story.last_name, story.email, story.phone, story.home.reference))
    xml, pdf = message.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == (slip.name, slip.content)
    feedback = ElementTree.fromstring(xml.get_content())
    assert feedback.findtext("objekt/oobj_id") == story.home.reference
    assert feedback.findtext("objekt/interessent/nachname") == story.last_name
    assert feedback.findtext("objekt/interessent/email") == story.email
    assert feedback.findtext("objekt/interessent/anfrage") == words(story).enquiry
    assert xml.get_filename() == portal.attachment


def test_a_portal_may_leave_out_the_feedback_and_carry_other_words() -> None:
    message = _read(
        portal_lead(draw_story(1, TODAY), to=TO, at=AT, with_feedback=False, text="Nur kurz: noch frei?")
    )
    assert list(message.iter_attachments()) == []
    assert "Nur kurz: noch frei?" in _text(message)


def test_the_enquiry_asks_for_the_day_that_was_drawn_in_german_and_in_english() -> None:
    story = draw_story(2, TODAY)
    german = _text(_read(direct_enquiry(story, to=TO, at=AT)))
    english = _text(_read(direct_enquiry(story, to=TO, at=AT, language="en")))
    assert german_date(story.viewing_date) in german
    assert f"{story.viewing_date:%d %B %Y}" in english
    assert story.home.reference in german
    assert story.home.reference in english


def test_a_burst_is_two_letters_of_her_own_moments_apart() -> None:
    story = draw_story(3, TODAY)
    letters = burst(story, to=TO, at=AT)
    first, second = (_read(letter) for letter in letters)
    assert {letter.sender for letter in letters} == {story.email}
    assert first["Message-ID"] != second["Message-ID"]
    gap = parsedate_to_datetime(str(second["Date"])) - parsedate_to_datetime(str(first["Date"]))
    assert 0 < gap.total_seconds() <= 5
    assert "Stellplatz" in _text(first)
    assert "Haustiere" in _text(second)


def test_her_answer_is_threaded_under_our_reply_and_quotes_it() -> None:
    story = draw_story(4, TODAY)
    ours = EmailMessage(policy=policy.SMTP)
    ours["From"], ours["To"], ours["Subject"] = (
        "Makler Größer <anfrage@makler.example>",
        story.email,
        "AW: Anfrage",
    )
    ours["Date"], ours["Message-ID"] = AT, "<ours@makler.example>"
    ours["References"] = "<lead@portal.example>"
    ours.set_content("Guten Tag,\n\ndie Wohnung ist noch frei. Schöne Grüße")
    letter = answer_to(story, ours.as_bytes(), at=AT)
    message = _read(letter)
    assert letter.recipient == TO
    assert message["In-Reply-To"] == "<ours@makler.example>"
    assert message["References"] == "<lead@portal.example> <ours@makler.example>"
    assert message["Subject"] == "AW: Anfrage"
    assert "> die Wohnung ist noch frei. Schöne Grüße" in _text(message)
    assert _text(message).startswith(words(story).answer)


def test_two_letters_of_one_story_never_share_a_message_id() -> None:
    story = draw_story(6, TODAY)
    letters = [
        portal_lead(story, to=TO, at=AT),
        direct_enquiry(story, to=TO, at=AT),
        *burst(story, to=TO, at=AT),
    ]
    letters.append(own_letter(story, to=TO, at=AT, subject="Noch einmal", text="Hallo?"))
    assert len({letter.message_id for letter in letters}) == len(letters)
