"""What our own rules make of documents when no model can be asked."""

from __future__ import annotations

import pytest

from ocr.domain.document import Page
from ocr.domain.evidence import verified
from ocr.domain.rules import by_rules

PAYSLIP = """Grünwald & Söhne GmbH
Gehaltsabrechnung
Abrechnungsmonat:   Oktober 2026
Arbeitnehmerin:   Käthe Müßig
Steuerbrutto   4.100,00
Gesamtbrutto   4.318,27 EUR
Lohnsteuer   612,40 EUR
Nettoverdienst   2.835,76 EUR
Auszahlungsbetrag   2.800,00 EUR"""

INVOICE = """INVOICE
Harper & Quayle Ltd
Invoice number: INV-2026-0815
Invoice date: 14 October 2026
Due date: 28 October 2026
VAT 20 %   240.00
Total amount due   GBP 1,440.00"""

ORDER = """Bestellung
Bestellnummer: B-7781
Bestelldatum: 14.10.2026
Kunde: Öko Möbel OG
Gesamtbetrag
1.234,50 €
Liefertermin: 1.11.2026"""

PASSPORT = """REISEPASS / PASSPORT
Name, Vorname: Bauer, Anna
Geburtsdatum / Date of birth: 05.10.1987
Staatsangehörigkeit: Österreich
Passnummer: P1234567
Gültig bis: 31.12.2030"""

CONTRACT = """Mietvertrag
zwischen Anna Bauer und Grünwald Immobilien GmbH
Mietobjekt: Wohnung Top 7, Hauptplatz 1
Mietbeginn: 1. Jänner 2027
§ 1 Kündigungsfrist drei Monate"""

ENQUIRY = """Sehr geehrte Damen und Herren,
ich interessiere mich für eine Besichtigung. Das ist eine Anfrage.
Name: Anna Bauer
Objektnummer: W-17
E-Mail: Anna.Bauer@example.org
Telefon: +43 316 123456
Mit freundlichen Grüßen"""


@pytest.mark.parametrize(
    ("text", "category", "language", "fields"),
    [
        (
            PAYSLIP,
            "income_proof",
            "de",
            {
                "employee_name": "Käthe Müßig",
                "employer": "Grünwald & Söhne GmbH",
                "period": "2026-10",
                "gross_income": "4318.27",
                "net_income": "2835.76",
                "currency": "EUR",
            },
        ),
        (
            INVOICE,
            "invoice",
            "en",
            {
                "invoice_number": "INV-2026-0815",
                "invoice_date": "2026-10-14",
                "issuer": "Harper & Quayle Ltd",
                "total_amount": "1440.00",
                "currency": "GBP",
                "due_date": "2026-10-28",
            },
        ),
        (
            ORDER,
            "order",
            "de",
            {
                "order_number": "B-7781",
                "order_date": "2026-10-14",
                "customer": "Öko Möbel OG",
                "total_amount": "1234.50",
                "currency": "EUR",
            },
        ),
        (
            PASSPORT,
            "identity_document",
            "de",
            {
                "full_name": "Bauer, Anna",
                "birth_date": "1987-10-05",
                "nationality": "Österreich",
                "document_number": "P1234567",
                "expiry_date": "2030-12-31",
            },
        ),
        (
            CONTRACT,
            "contract",
            "de",
            {
                "parties": "Anna Bauer und Grünwald Immobilien GmbH",
                "subject": "Wohnung Top 7, Hauptplatz 1",
                "start_date": "2027-01-01",
            },
        ),
        (
            ENQUIRY,
            "enquiry",
            "de",
            {
                "sender_name": "Anna Bauer",
                "object_reference": "W-17",
                "email": "anna.bauer@example.org",
                "phone": "+43 316 123456",
            },
        ),
    ],
    ids=["payslip", "invoice", "order", "passport", "contract", "enquiry"],
)
def test_a_document_is_understood_by_its_keywords_and_labels(
    text: str, category: str, language: str, fields: dict[str, str]
) -> None:
    found = by_rules([Page(1, text)])
    assert (found.category, found.language) == (category, language)
    assert {field.name: field.value for field in found.fields} == fields


@pytest.mark.parametrize("text", [PAYSLIP, INVOICE, ORDER, PASSPORT, CONTRACT, ENQUIRY])
def test_what_the_rules_say_is_borne_out_by_the_text(text: str) -> None:
    found = by_rules([Page(1, "Deckblatt"), Page(2, text)])
    assert {field.page for field in found.fields} == {2}
    assert verified(found, [Page(1, "Deckblatt"), Page(2, text)]) == found


def test_the_rules_say_that_they_are_no_model_and_are_modest() -> None:
    found = by_rules([Page(1, PAYSLIP)])
    assert found.offline
    assert found.confidence <= 0.7
    assert "ohne Sprachmodell" in found.summary


def test_what_fits_nothing_is_other() -> None:
    found = by_rules([Page(1, "Kochrezept: Mehl, Zucker, Butter")])
    assert (found.category, found.fields) == ("other", ())
    assert found.confidence <= 0.3
