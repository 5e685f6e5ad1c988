"""The fields of each category of document, each with the page and the words it was read from."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sandbox.model.amounts import currency_in, printed_amounts_in
from sandbox.model.dates import days_in, month_in
from sandbox.model.entities import references_in
from sandbox.model.labels import Hit, Line, hits
from sandbox.wire import JsonObject

_LONG_AGO = date(1900, 1, 1)
_COMPANY = re.compile(
    r"[^,;|\n]*?\b(?:GmbH(?:\s?&\s?Co\.?\s?KG)?|AG|KG|OHG|e\.\s?K\.|UG|SE|eG|mbH|Ltd\.?|Limited|LLC|Inc\.?|PLC)(?![\w])"
)
_NUMBER = re.compile(r"(?=[\w/.-]*\d)[A-Za-z0-9][\w/.-]*[A-Za-z0-9]|\d+")
_NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[ \t-]+[^\W\d_][\w'’.-]*){0,4}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w/.-])(?:\+\d{1,3}|00\d{1,3}|0)[\d ()/-]{6,18}\d(?![\w.])")
_NOT_A_NAME = re.compile(r"^(?:nr|nummer|no|number|id|anschrift|adresse|address|personalnr)\b", re.IGNORECASE)
Reading = Callable[[str], str | None]


@dataclass(frozen=True)
class Field:
    """One field as read."""

    name: str
    value: str
    page: int
    snippet: str

    def as_json(self) -> JsonObject:
        """As the schema wants it."""
        return {"name": self.name, "value": self.value, "page": self.page, "snippet": self.snippet}


def income_fields(lines: Sequence[Line]) -> list[Field]:
    """A payslip's fields."""
    net = [
        "Nettolohn",
        "Nettoverdienst",
        "Nettobezüge",
        "Nettogehalt",
        "Nettoentgelt",
        "Gesetzliches Netto",
        "Nettoeinkommen",
    ]
    net += ["Net pay", "Net salary", "Net income", "Net wages", "Take home pay"]
    paid = [
        "Auszahlungsbetrag",
        "Überweisungsbetrag",
        "Auszahlung",
        "Überweisung",
        "Netto",
        "Amount paid",
        "Net",
    ]
    gross = [
        "Gesamtbrutto",
        "Bruttolohn",
        "Bruttobezüge",
        "Bruttogehalt",
        "Bruttoverdienst",
        "Bruttoentgelt",
        "Bruttoeinkommen",
    ]
    gross += [
        "Gross pay",
        "Gross salary",
        "Gross income",
        "Gross wages",
        "Total gross",
        "Gesamt-Brutto",
        "Steuerbrutto",
        "Brutto",
        "Gross",
    ]
    person = [
        "Name des Arbeitnehmers",
        "Arbeitnehmerin",
        "Arbeitnehmer",
        "Mitarbeiterin",
        "Mitarbeiter",
        "Beschäftigter",
        "Employee name",
    ]
    person += ["Name of employee", "Employee", "Vor- und Nachname", "Name", "Frau", "Herr", "Herrn"]
    months = [
        "Abrechnungsmonat",
        "Abrechnungszeitraum",
        "Lohnzeitraum",
        "Zeitraum",
        "Monat",
        "Pay period",
        "Period",
        "Month",
    ]
    months += [
        "Gehaltsabrechnung",
        "Lohnabrechnung",
        "Entgeltabrechnung",
        "Verdienstabrechnung",
        "Pay slip",
        "Abrechnung",
    ]
    return _present(
        _labelled("employee_name", lines, person, _as_name),
        _labelled("employer", lines, ["Arbeitgeber", "Firma", "Employer", "Company"], _as_line)
        or _company("employer", lines),
        _labelled("period", lines, months, month_in) or _anywhere("period", lines, month_in),
        _labelled("gross_income", lines, gross, _as_amount),
        _labelled("net_income", lines, net + paid, _as_amount),
        _currency(lines),
    )


def invoice_fields(lines: Sequence[Line]) -> list[Field]:
    """An invoice's fields."""
    numbers = [
        "Rechnungsnummer",
        "Rechnungs-Nr",
        "Rechnung Nr",
        "Invoice number",
        "Invoice no",
        "Invoice #",
        "Rechnung",
        "Invoice",
    ]
    days = ["Rechnungsdatum", "Invoice date", "Date of invoice", "Datum", "Date"]
    totals = [
        "Gesamtbetrag",
        "Rechnungsbetrag",
        "Zahlbetrag",
        "Endbetrag",
        "Bruttobetrag",
        "Gesamtsumme",
        "Zu zahlen",
        "Total amount due",
    ]
    totals += [
        "Amount due",
        "Total amount",
        "Grand total",
        "Total due",
        "Invoice total",
        "Gesamt",
        "Summe",
        "Total",
        "Brutto",
    ]
    due = [
        "Zahlbar bis",
        "Fällig am",
        "Fälligkeitsdatum",
        "Fälligkeit",
        "Zahlungsziel",
        "Due date",
        "Payment due",
        "Payable by",
        "Due",
    ]
    return _present(
        _labelled("invoice_number", lines, numbers, _as_number),
        _labelled("invoice_date", lines, days, _as_day),
        _labelled(
            "issuer",
            lines,
            ["Rechnungssteller", "Aussteller", "Issuer", "Issued by", "Seller", "From"],
            _as_line,
        )
        or _company("issuer", lines),
        _labelled("total_amount", lines, totals, _as_amount),
        _currency(lines),
        _labelled("due_date", lines, due, _as_day),
    )


def order_fields(lines: Sequence[Line]) -> list[Field]:
    """An order's fields."""
    numbers = [
        "Bestellnummer",
        "Bestell-Nr",
        "Auftragsnummer",
        "Auftrags-Nr",
        "Order number",
        "Order no",
        "Purchase order no",
    ]
    numbers += ["Purchase order", "Auftragsbestätigung", "Bestellung", "Order"]
    days = ["Bestelldatum", "Auftragsdatum", "Order date", "Datum", "Date"]
    customers = ["Kunde", "Kundin", "Besteller", "Auftraggeber", "Customer", "Buyer", "Ordered by", "Bill to"]
    totals = [
        "Gesamtbetrag",
        "Auftragswert",
        "Bestellwert",
        "Gesamtsumme",
        "Endbetrag",
        "Bruttobetrag",
        "Order total",
        "Total amount",
    ]
    totals += ["Grand total", "Gesamt", "Summe", "Total"]
    return _present(
        _labelled("order_number", lines, numbers, _as_number),
        _labelled("order_date", lines, days, _as_day),
        _labelled("customer", lines, customers, _as_line),
        _labelled("total_amount", lines, totals, _as_amount),
        _currency(lines),
    )


def contract_fields(lines: Sequence[Line]) -> list[Field]:
    """A contract's fields."""
    subjects = [
        "Vertragsgegenstand",
        "Mietgegenstand",
        "Mietobjekt",
        "Mietsache",
        "Kaufgegenstand",
        "Gegenstand",
        "Subject",
        "Property",
    ]
    subjects += ["Premises"]
    starts = [
        "Mietbeginn",
        "Vertragsbeginn",
        "Beginn des Mietverhältnisses",
        "Beginn",
        "Start date",
        "Commencement date",
        "beginnt am",
    ]
    starts += ["Commencing", "beginning on", "starts on", "Das Mietverhältnis beginnt", "ab dem"]
    title = next(
        (line for line in lines if re.search(r"vertrag|agreement|contract|lease", line.text, re.IGNORECASE)),
        None,
    )
    return _present(
        _parties(lines),
        _labelled("subject", lines, subjects, _as_line)
        or (Field("subject", title.text.strip(), title.page, title.text.strip()) if title else None),
        _labelled("start_date", lines, starts, _as_day),
    )


def identity_fields(lines: Sequence[Line]) -> list[Field]:
    """The fields of a passport or identity card."""
    born = ["Geburtsdatum", "Geburtstag", "geboren am", "Date of birth", "Birth date"]
    numbers = [
        "Ausweisnummer",
        "Dokumentennummer",
        "Passnummer",
        "Reisepassnummer",
        "Pass-Nr",
        "Ausweis-Nr",
        "Document number",
        "Document no",
    ]
    numbers += ["Passport number", "Passport no", "Card number"]
    ends = ["Gültig bis", "Ablaufdatum", "Date of expiry", "Expiry date", "Valid until", "Expires"]
    return _present(
        _full_name(lines),
        _labelled("birth_date", lines, born, _as_day),
        _labelled("document_number", lines, numbers, _as_number),
        _labelled("expiry_date", lines, ends, _as_day),
        _labelled(
            "nationality", lines, ["Staatsangehörigkeit", "Nationality", "Citizenship"], _as_nationality
        ),
    )


def enquiry_fields(lines: Sequence[Line]) -> list[Field]:
    """What an enquiry on paper or from a form says."""
    names = [
        "Name des Interessenten",
        "Vor- und Nachname",
        "Absender",
        "Name",
        "Interessent",
        "Sender",
        "Von",
        "From",
    ]
    return _present(
        _labelled("sender_name", lines, names, _as_name),
        _anywhere("object_reference", lines, lambda text: next(iter(references_in(text)), None)),
        _anywhere("email", lines, lambda text: _matched(_EMAIL, text)),
        _anywhere("phone", lines, lambda text: _matched(_PHONE, text)),
    )


def _present(*fields: Field | None) -> list[Field]:
    return [field for field in fields if field is not None]


def _labelled(name: str, lines: Sequence[Line], labels: Iterable[str], reading: Reading) -> Field | None:
    """The first value that can be read beside a label, or in one of the two lines below it."""
    for hit in hits(lines, labels):
        for text, snippet in _places(hit):
            value = reading(text)
            if value:
                return Field(name, value, hit.line.page, snippet.strip())
    return None


def _places(hit: Hit) -> Iterable[tuple[str, str]]:
    beside = re.sub(r"^[\s:;.=|_*#–—-]+", "", hit.rest)
    if beside:
        yield beside, hit.line.text
    else:
        yield from ((text, text) for text in hit.line.below)
    if beside and not any(sign.isdigit() for sign in beside):
        yield from ((text, text) for text in hit.line.below[:1] if any(sign.isdigit() for sign in text))


def _anywhere(name: str, lines: Sequence[Line], reading: Reading) -> Field | None:
    for line in lines:
        value = reading(line.text)
        if value:
            return Field(name, value, line.page, line.text.strip())
    return None


def _company(name: str, lines: Sequence[Line]) -> Field | None:
    return _anywhere(name, lines, lambda text: _matched(_COMPANY, text))


def _currency(lines: Sequence[Line]) -> Field | None:
    found = _anywhere("currency", lines, currency_in)
    if found:
        return found
    amount = _anywhere("currency", lines, lambda text: "EUR" if re.search(r"\d,\d{2}(?!\d)", text) else None)
    return amount


def _parties(lines: Sequence[Line]) -> Field | None:
    """`zwischen A und B`, or the two sides by their labels."""
    text = "\n".join(line.text for line in lines)
    found = re.search(
        r"(?:zwischen|between)\s+(?P<a>[^\n,(]+?)[\s,]*(?:\([^)]*\)|,[^\n]*)?\s+(?:und|and)\s+(?P<b>[^\n,(.]+)",
        text,
        re.IGNORECASE,
    )
    if found:
        page = next((line.page for line in lines if found["a"].strip() in line.text), lines[0].page)
        return Field("parties", f"{found['a'].strip()}; {found['b'].strip()}", page, found[0])
    first = _labelled(
        "parties",
        lines,
        ["Vermieterin", "Vermieter", "Verkäufer", "Auftraggeber", "Landlord", "Seller", "Lessor"],
        _as_line,
    )
    second = _labelled(
        "parties",
        lines,
        ["Mieterin", "Mieter", "Käufer", "Auftragnehmer", "Tenant", "Buyer", "Lessee"],
        _as_line,
    )
    if first and second:
        return Field("parties", f"{first.value}; {second.value}", first.page, first.snippet)
    return first or second


def _full_name(lines: Sequence[Line]) -> Field | None:
    last = _labelled(
        "full_name", lines, ["Familienname", "Nachname", "Surname", "Last name", "Name"], _as_name
    )
    given = _labelled(
        "full_name", lines, ["Vornamen", "Vorname", "Given names", "Given name", "First name"], _as_name
    )
    if last and given:
        return Field("full_name", f"{given.value} {last.value}", last.page, last.snippet)
    return _labelled("full_name", lines, ["Full name", "Vor- und Nachname"], _as_name) or last or given


def _as_amount(text: str) -> str | None:
    return next((amount.plain for amount in printed_amounts_in(text)), None)


def _as_day(text: str) -> str | None:
    return next((found.day.isoformat() for found in days_in(text, _LONG_AGO) if found.day.year > 1901), None)


def _as_number(text: str) -> str | None:
    found = _NUMBER.search(text)
    return found[0] if found and not re.fullmatch(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}", found[0]) else None


def _as_name(text: str) -> str | None:
    cleaned = re.sub(r"^(?:herrn?|frau|mr|mrs|ms)\b\.?\s*", "", text.split("  ")[0], flags=re.IGNORECASE)
    if _NOT_A_NAME.match(cleaned):
        return None
    if re.match(r"^[^\W\d_][\w'’-]+,\s*[^\W\d_]", cleaned):
        last, _, given = cleaned.partition(",")
        cleaned = f"{given.strip()} {last.strip()}"
    found = _NAME.match(cleaned)
    words = (
        re.split(r"\s(?:Personal|Pers|Steuer|Geb|Staff|Employee|Date|Tax|Nr)", found[0])[0].strip(" .-")
        if found
        else ""
    )
    return words if len(words) > 2 else None


def _as_line(text: str) -> str | None:
    value = re.split(r"\s{3,}|\t|\|", text.strip())[0].strip(" .,;:")
    return value if len(value) > 2 and not value.isdigit() else None


def _as_nationality(text: str) -> str | None:
    found = re.match(r"[^\W\d_]{2,}", text.strip())
    return found[0] if found else None


def _matched(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return " ".join(found[0].split()).strip(" :") if found else None
