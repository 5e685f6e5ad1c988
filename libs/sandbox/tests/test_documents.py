"""What the model reads from documents, OCR's slips included, asked over the wire as a client asks."""

import json

import pytest

FIELD = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "value": {"type": "string"},
        "page": {"type": "integer"},
        "snippet": {"type": "string"},
    },
    "required": ["name", "value", "page", "snippet"],
    "additionalProperties": False,
}
CATEGORIES = ["identity_document", "income_proof", "invoice", "order", "contract", "enquiry", "other"]
PROPERTIES = {
    "category": {"enum": CATEGORIES},
    "language": {"enum": ["de", "en", "other"]},
    "summary": {"type": "string"},
    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    "fields": {"type": "array", "items": {"$ref": "#/$defs/Field"}},
}
SCHEMA = {
    "type": "object",
    "$defs": {"Field": FIELD},
    "properties": PROPERTIES,
    "required": list(PROPERTIES),
    "additionalProperties": False,
}


async def _analysis(sandbox, *pages: str) -> dict:
    prompt = "## FILENAME\nscan.pdf\n" + "\n".join(
        f"## PAGE {n}\n{text}" for n, text in enumerate(pages, start=1)
    )
    form = {
        "type": "json_schema",
        "json_schema": {"name": "DocumentAnalysis", "strict": True, "schema": SCHEMA},
    }
    answer = await sandbox.http.post(
        "/openai/v1/chat/completions",
        json={
            "model": "gpt-6-luna",
            "messages": [{"role": "user", "content": prompt}],
            "response_format": form,
        },
        headers={"Authorization": "Bearer sk-1"},
    )
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["choices"][0]["message"]["content"])


DOCUMENTS = {
    "german payslip": (
        "Muster Bau GmbH                 Personal-Nr. 4711\nGehaltsabrechnung für Oktober 2026\nHerrn\nJürgen Weiß\n"
        "Steuerklasse 1   Sozialversicherungs-Nr 12 345678 W 901\nBruttobezüge              4.512,30    41.123,00\n"
        "Lohnsteuer                  678,90\nGesetzliches Netto        3.245,67    30.001,00\nAuszahlungsbetrag         3.245,67 EUR",
        "income_proof", "de",
        {"employee_name": "Jürgen Weiß", "employer": "Muster Bau GmbH", "period": "2026-10", "gross_income": "4512.30",
         "net_income": "3245.67", "currency": "EUR"},
    ),
    "badly scanned payslip": (
        "Lohnabrechnung\nArbeitgeber: Hölzl & Söhne KG\nArbeitnehmer: Weiß, Jürgen\nAbrechnungsmonat: 09/2026\n"
        "Gesamt-Brut1o     3.245, 67\nNettol0hn    2.1O4,l2\nAuszah1ungsbetrag 2.104,12",
        "income_proof", "de",
        {"employee_name": "Jürgen Weiß", "employer": "Hölzl & Söhne KG", "period": "2026-09", "gross_income": "3245.67",
         "net_income": "2104.12", "currency": "EUR"},
    ),
    "payslip without umlauts, values under their heads": (
        "Entgeltabrechnung\nAbrechnungsmonat Oktober 2026\nName Anna-Lena Schafer\nFirma Seeblick Hotel AG\n"
        "Gesamtbrutto Steuerbrutto Nettobezuge\n4.100,00 4.100,00 2.654,32",
        "income_proof", "de",
        {"employee_name": "Anna-Lena Schafer", "employer": "Seeblick Hotel AG", "gross_income": "4100.00", "net_income": "2654.32"},
    ),
    "english payslip": (
        "PAYSLIP\nEmployer: Northwind Traders Ltd\nEmployee: Emily Carter\nPay period: October 2026\nGross pay   £4,512.30\n"
        "National Insurance £310.00\nNet pay     £3,245.67",
        "income_proof", "en",
        {"employee_name": "Emily Carter", "employer": "Northwind Traders Ltd", "period": "2026-10", "gross_income": "4512.30",
         "net_income": "3245.67", "currency": "GBP"},
    ),
    "invoice": (
        "Rechnung\nElektro Huber GmbH\nRechnungsnummer: RE-2026-0815\nRechnungsdatum: 12.11.2026\nNettobetrag 1.000,00 EUR\n"
        "MwSt 19% 190,00 EUR\nGesamtbetrag 1.190,00 EUR\nZahlbar bis 26.11.2026",
        "invoice", "de",
        {"invoice_number": "RE-2026-0815", "invoice_date": "2026-11-12", "issuer": "Elektro Huber GmbH", "total_amount": "1190.00",
         "currency": "EUR", "due_date": "2026-11-26"},
    ),
    "order": (
        "Purchase Order\nOrder number: PO-5521\nOrder date: 3 November 2026\nCustomer: Seaside Hotels PLC\nTotal amount: USD 12,400.00",
        "order", "en",
        {"order_number": "PO-5521", "order_date": "2026-11-03", "customer": "Seaside Hotels PLC", "total_amount": "12400.00",
         "currency": "USD"},
    ),
    "contract": (
        "Mietvertrag\nzwischen\nBodensee Immobilien GmbH, Lindau\nund\nAnna Müller, Kempten\nMietobjekt: Wohnung Seestraße 4, Lindau\n"
        "Mietbeginn: 1. Januar 2027",
        "contract", "de",
        {"parties": "Bodensee Immobilien GmbH; Anna Müller", "subject": "Wohnung Seestraße 4, Lindau", "start_date": "2027-01-01"},
    ),
    "identity card": (
        "BUNDESREPUBLIK DEUTSCHLAND\nPERSONALAUSWEIS\nName\nMÜLLER\nVornamen\nANNA MARIA\n"
        "Geburtsdatum 12.03.1988 Staatsangehörigkeit DEUTSCH\nGültig bis 11.03.2031\nAusweisnummer L01X00T47",
        "identity_document", "de",
        {"full_name": "ANNA MARIA MÜLLER", "birth_date": "1988-03-12", "document_number": "L01X00T47", "expiry_date": "2031-03-11",
         "nationality": "DEUTSCH"},
    ),
    "enquiry": (
        "Nachricht von Interessent\nName: Tom Becker\nE-Mail: tom@example.org\nTelefon: 0170 1234567\n"
        "Anfrage zu Objekt-Nr. WHG-1042\nIch habe Interesse an einer Besichtigung.",
        "enquiry", "de",
        {"sender_name": "Tom Becker", "object_reference": "WHG-1042", "email": "tom@example.org", "phone": "0170 1234567"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_is_recognised_and_its_fields_are_read(sandbox, name: str) -> None:
    text, category, language, expected = DOCUMENTS[name]
    analysis = await _analysis(sandbox, text)
    read = {field["name"]: field["value"] for field in analysis["fields"]}
    assert (analysis["category"], analysis["language"]) == (category, language)
    assert {name: read.get(name) for name in expected} == expected
    assert all(field["snippet"] in text for field in analysis["fields"])


async def test_a_field_is_shown_on_its_page(sandbox) -> None:
    analysis = await _analysis(
        sandbox, "Gehaltsabrechnung Oktober 2026\nName: Anna Müller", "Nettolohn 2.000,00 EUR"
    )
    pages = {field["name"]: field["page"] for field in analysis["fields"]}
    assert (pages["employee_name"], pages["net_income"]) == (1, 2)


async def test_what_is_nothing_of_all_that_is_other_with_little_confidence(sandbox) -> None:
    analysis = await _analysis(sandbox, "Einkaufsliste\nMilch\nBrot")
    assert (analysis["category"], analysis["fields"]) == ("other", [])
    assert analysis["confidence"] <= 0.5


async def test_an_empty_page_is_answered_too(sandbox) -> None:
    analysis = await _analysis(sandbox, "")
    assert (analysis["category"], analysis["confidence"]) == ("other", 0.05)
