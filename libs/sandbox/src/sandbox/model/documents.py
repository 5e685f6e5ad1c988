"""Analysing a document's text: its category, its fields with evidence, a summary."""

import re
from collections.abc import Callable, Sequence

from sandbox.model.fields import (
    Field,
    contract_fields,
    enquiry_fields,
    identity_fields,
    income_fields,
    invoice_fields,
    order_fields,
)
from sandbox.model.labels import Line, folded, lines_of
from sandbox.model.language import language_of
from sandbox.model.prompt import Prompt
from sandbox.wire import JsonObject

_Extractor = Callable[[Sequence[Line]], list[Field]]
_EXPECTED = {
    "income_proof": 6,
    "invoice": 6,
    "order": 5,
    "contract": 3,
    "identity_document": 5,
    "enquiry": 4,
}
_EXTRACTORS: dict[str, _Extractor] = {
    "income_proof": income_fields,
    "invoice": invoice_fields,
    "order": order_fields,
    "contract": contract_fields,
    "identity_document": identity_fields,
    "enquiry": enquiry_fields,
}
# Words without umlauts and capitals, as `folded` leaves them; the number is what the word tells.
_SIGNS: dict[str, dict[str, int]] = {
    "income_proof": {
        "gehaltsabrechnung": 6, "lohnabrechnung": 6, "verdienstbescheinigung": 6, "entgeltabrechnung": 6, "bezugemitteilung": 6,
        "verdienstabrechnung": 6, "lohnundgehalt": 4, "abrechnungderbrutto": 5, "bruttobezuge": 4, "bruttolohn": 3, "nettolohn": 4,
        "nettobezuge": 4, "auszahlungsbetrag": 3, "steuerklasse": 3, "sozialversicherung": 2, "lohnsteuer": 3, "payslip": 6,
        "payadvice": 6, "salarystatement": 6, "earningsstatement": 6, "netpay": 4, "grosspay": 4, "netsalary": 4, "grosssalary": 4,
        "payperiod": 3, "nationalinsurance": 2, "proofofincome": 5, "einkommensnachweis": 5, "rentenbescheid": 5, "bruttogehalt": 3,
        "gesamtbrutto": 4, "nettoverdienst": 4,
    },
    "invoice": {
        "rechnungsnummer": 5, "rechnungsnr": 5, "rechnungsdatum": 4, "rechnungsbetrag": 4, "rechnung": 3, "invoicenumber": 5,
        "invoiceno": 5, "invoicedate": 4, "invoice": 3, "zahlbarbis": 3, "faelligam": 2, "falligam": 3, "mehrwertsteuer": 2,
        "umsatzsteuer": 2, "vat": 1, "duedate": 2, "zahlungsziel": 2, "amountdue": 3,
    },
    "order": {
        "auftragsbestatigung": 6, "bestellnummer": 5, "bestellnr": 5, "bestelldatum": 4, "bestellung": 4, "auftragsnummer": 4,
        "auftragsnr": 4, "orderconfirmation": 6, "ordernumber": 5, "orderno": 5, "purchaseorder": 6, "orderdate": 4, "lieferdatum": 2,
        "wirbestellen": 4,
    },
    "contract": {
        "mietvertrag": 6, "kaufvertrag": 6, "arbeitsvertrag": 6, "dienstvertrag": 6, "maklervertrag": 6, "vertrag": 3, "vertragsparteien": 4,
        "mietbeginn": 3, "zwischen": 1, "nachfolgend": 1, "agreement": 3, "contract": 3, "leaseagreement": 6, "rentalagreement": 6,
        "tenancyagreement": 6, "betweentheparties": 3, "herebyagree": 3, "vertragsbeginn": 3, "laufzeit": 1, "landlord": 1,
    },
    "identity_document": {
        "personalausweis": 8, "reisepass": 8, "identitycard": 8, "passport": 8, "fuhrerschein": 6, "drivinglicence": 6,
        "aufenthaltstitel": 8, "staatsangehorigkeit": 4, "nationality": 4, "geburtsdatum": 2, "dateofbirth": 2, "gultigbis": 3,
        "dateofexpiry": 4, "bundesrepublikdeutschland": 3, "geburtsort": 2, "placeofbirth": 2,
    },
    "enquiry": {
        "anfrage": 3, "interesse": 2, "besichtigung": 3, "kontaktanfrage": 5, "enquiry": 4, "inquiry": 4, "viewing": 3, "interestedin": 3,
        "sehrgeehrte": 2, "dearsir": 2, "immobilie": 1, "nachrichtvoninteressent": 5,
    },
}  # fmt: skip
_LEAST_SIGN = 4
_TITLES = {
    "income_proof": ("Einkommensnachweis", "Proof of income"),
    "invoice": ("Rechnung", "Invoice"),
    "order": ("Bestellung", "Order"),
    "contract": ("Vertrag", "Contract"),
    "identity_document": ("Ausweisdokument", "Identity document"),
    "enquiry": ("Anfrage", "Enquiry"),
    "other": ("Dokument", "Document"),
}
_TOLD = {
    "income_proof": ("employee_name", "employer", "period", "net_income", "currency"),
    "invoice": ("invoice_number", "issuer", "total_amount", "currency", "due_date"),
    "order": ("order_number", "customer", "total_amount", "currency"),
    "contract": ("subject", "parties", "start_date"),
    "identity_document": ("full_name", "document_number", "expiry_date"),
    "enquiry": ("sender_name", "object_reference"),
}


def analyse_document(prompt: Prompt) -> JsonObject:
    """Everything a DocumentAnalysis asks for."""
    lines = lines_of(prompt.pages)
    text = "\n".join(line.text for line in lines)
    category, sureness = _category(text, prompt.section("FILENAME"))
    fields = _EXTRACTORS[category](lines) if category in _EXTRACTORS else []
    language = language_of(text)
    return {
        "category": category,
        "language": language,
        "summary": _summary(category, fields, lines, language),
        "confidence": _confidence(category, sureness, fields, text),
        "fields": [field.as_json() for field in fields],
    }


def _category(text: str, filename: str) -> tuple[str, float]:
    """The category with the most telling words, and how far it is ahead of the next."""
    run_together, from_name = folded(text), folded(filename.rsplit(".", 1)[0])
    scores = {
        category: sum(weight for sign, weight in signs.items() if sign in run_together)
        + sum(weight for sign, weight in signs.items() if sign in from_name) // 2
        for category, signs in _SIGNS.items()
    }
    ranked = sorted(scores.items(), key=lambda scored: -scored[1])
    (best, most), (_, next_most) = ranked[0], ranked[1]
    if most < _LEAST_SIGN:
        return "other", 0.3
    return best, min(1.0, 0.5 + (most - next_most) / 12)


def _summary(category: str, fields: list[Field], lines: Sequence[Line], language: str) -> str:
    title = _TITLES[category][1 if language == "en" else 0]
    values = {field.name: field.value for field in fields}
    told = [values[name] for name in _TOLD.get(category, ()) if values.get(name)]
    if told:
        return f"{title}: {', '.join(told)}"
    first = re.sub(r"\s+", " ", lines[0].text).strip()[:120] if lines else ""
    empty = "no readable text" if language == "en" else "kein lesbarer Text"
    return f"{title}: {first or empty}"


def _confidence(category: str, sureness: float, fields: list[Field], text: str) -> float:
    if not text.strip():
        return 0.05
    expected = _EXPECTED.get(category)
    if expected is None:
        return 0.4
    complete = min(1.0, len({field.name for field in fields}) / expected)
    return round(min(0.98, 0.3 + 0.3 * sureness + 0.38 * complete), 2)
