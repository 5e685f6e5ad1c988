"""An enquiry that a portal sends again is the same; whatever else differs makes it another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from email_ingest.domain.identity import enquiry_key
from email_ingest.domain.letter import Document, Letter, Person, Portal

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
ENQUIRY = Letter(
    external_id="<wh-1@portal.test>", content_hash="a", kind="enquiry", automatic=False,
    sender=Person("Jörg Müller", (("email", "joerg@example.at"),), "relay-1@portal.test"),
    recipient="office@muster.test", subject="Anfrage", text="Ist sie frei?", sent_at=NOW, authenticity="none",
    portal=Portal("willhaben", "TOP-12"),
)  # fmt: skip


def test_an_enquiry_that_a_portal_sends_again_is_known() -> None:
    again = replace(
        ENQUIRY, external_id="<wh-2@portal.test>", content_hash="b", text="Ist sie  frei?\n",
        sent_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    assert enquiry_key(ENQUIRY, NOW) == enquiry_key(again, NOW + timedelta(hours=1)) is not None


@pytest.mark.parametrize(
    "other",
    [
        replace(ENQUIRY, text="Ist sie noch frei?"),
        replace(ENQUIRY, portal=Portal("willhaben", "TOP-13")),
        replace(ENQUIRY, portal=Portal("immowelt", "TOP-12")),
        replace(ENQUIRY, sender=Person("Jörg Müller", (("email", "anna@example.at"),), "x")),
        replace(ENQUIRY, documents=(Document("lohn.pdf", "application/pdf", b"%PDF"),)),
    ],
)
def test_another_enquiry_is_another(other: Letter) -> None:
    assert enquiry_key(other, NOW) != enquiry_key(ENQUIRY, NOW)


def test_the_same_enquiry_of_the_next_day_is_another() -> None:
    assert enquiry_key(ENQUIRY, NOW + timedelta(days=1)) != enquiry_key(ENQUIRY, NOW)


@pytest.mark.parametrize(
    "letter",
    [
        replace(ENQUIRY, portal=None),
        replace(ENQUIRY, kind="newsletter"),
        replace(ENQUIRY, sender=Person("Jörg Müller", (), "x")),
        replace(ENQUIRY, authenticity="fail"),
    ],
)
def test_what_a_person_writes_himself_or_nobody_vouches_for_is_known_by_its_fingerprint_alone(
    letter: Letter,
) -> None:
    assert enquiry_key(letter, NOW) is None
