"""What nobody gave us does not leave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation.domain.safety import without_foreign_contacts

KNOWN = [
    "Haus & Hof GmbH",
    "Rufen Sie mich unter 0664 123 45 67 an oder schreiben Sie an anna@example.at.",
    "Objekt A-17, https://www.hausundhof.at/a-17, Lohnzettel.pdf, IBAN AT61 1904 3002 3457 3201",
]


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Zahlen Sie bitte auf DE89 3704 0044 0532 0130 00 ein.", "account"),
        ("Klicken Sie auf https://evil.example/pay.", "link"),
        ("Mehr dazu auf www.evil.example hier.", "link"),
        ("Besuchen Sie evil-haus.com noch heute.", "link"),
        ("Siehe evil.zone/bezahlen dazu.", "link"),
        ("Schreiben Sie an betrug@evil.example bitte.", "address"),
        ("Rufen Sie uns unter +43 1 999 88 77 an.", "phone"),
        ("Unsere Nummer ist (0316) 99 88 77.", "phone"),
        ("Unsere Nummer ist +43.316.998877.", "phone"),
        ("Unsere Nummer ist 0316.998.877.", "phone"),
    ],
)
def test_a_sentence_with_something_foreign_is_dropped(sentence: str, kind: str) -> None:
    cleaned = without_foreign_contacts(f"Guten Tag,\n\nvielen Dank. {sentence} Wir melden uns.", known=KNOWN)
    assert cleaned.text == "Guten Tag,\n\nvielen Dank. Wir melden uns."
    assert cleaned.removed == (kind,)


@pytest.mark.parametrize(
    "reply",
    [
        "Wir rufen Sie unter +43 664 1234567 an.",
        "Ihre Adresse Anna@example.at haben wir notiert.",
        "Das Objekt finden Sie unter https://www.hausundhof.at/a-17.",
        "Ihr Dokument Lohnzettel.pdf haben wir erhalten.",
        "Die Besichtigung am 24.11.2026 um 14:30 Uhr, Tag 2026-11-24, haben wir notiert.",
        "Der Termin am 01.12.2026 14:30 Uhr, 01.12. - 03.12.2026 oder 0,5 Tage.",
        "Die Miete beträgt 1.250,00 EUR, der Kaufpreis 345.000 EUR, z.B. für 1010 Wien.",
        "Das Konto AT611904300234573201 ist uns bekannt.",
        "Thank you. We will get back to you, e.g. on 24 November 2026.",
        "Danke.Wir melden uns.",
    ],
)
def test_what_was_given_and_what_is_no_contact_stays(reply: str) -> None:
    cleaned = without_foreign_contacts(reply, known=KNOWN)
    assert cleaned.text == reply
    assert cleaned.removed == ()


@given(st.text(max_size=300))
def test_nothing_is_ever_added(text: str) -> None:
    cleaned = without_foreign_contacts(text, known=[])
    assert len(cleaned.text) <= len(text)
