"""The fields of each category of document, each with the page and the words it was read from."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sandbox.model import form_labels as labels
from sandbox.model.amounts import currency_in, printed_amounts_in
from sandbox.model.dates import days_in, month_in
from sandbox.model.entities import references_in
from sandbox.model.labels import Hit, Line, hits
from sandbox.wire import JsonObject

_LONG_AGO = date(1900, 1, 1)
_COMPANY = re.compile(
    r"[^,;|\n]*?\b(?:g?GmbH(?:\s?&\s?Co\.?\s?KG)?|AG|KG|OHG|e\.\s?K\.|UG|SE|eG|mbH|Ltd\.?|Limited|LLC|Inc\.?|PLC)(?![\w])"
)
_NUMBER = re.compile(r"(?=[\w/.-]*\d)[A-Za-z0-9][\w/.-]*[A-Za-z0-9]|\d+")
_NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[ \t-]+[^\W\d_][\w'’.-]*){0,4}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"(?<![\w/.-])(?:\+\d{1,3}|00\d{1,3}|0)[\d ()/-]{6,18}\d(?![\w.])")
_TITLE = re.compile(r"vertrag|agreement|contract|lease", re.IGNORECASE)
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
    return _present(
        _labelled("employee_name", lines, labels.EMPLOYEE, _as_name),
        _labelled("employer", lines, labels.EMPLOYER, _as_line) or _company("employer", lines),
        _labelled("period", lines, labels.MONTH, month_in) or _anywhere("period", lines, month_in),
        _labelled("gross_income", lines, labels.GROSS, _as_amount),
        _labelled("net_income", lines, labels.NET, _as_amount),
        _currency(lines),
    )


def invoice_fields(lines: Sequence[Line]) -> list[Field]:
    """An invoice's fields."""
    return _present(
        _labelled("invoice_number", lines, labels.INVOICE_NUMBER, _as_number),
        _labelled("invoice_date", lines, labels.INVOICE_DATE, _as_day),
        _labelled("issuer", lines, labels.ISSUER, _as_line) or _company("issuer", lines),
        _labelled("total_amount", lines, labels.INVOICE_TOTAL, _as_amount),
        _currency(lines),
        _labelled("due_date", lines, labels.DUE, _as_day),
    )


def order_fields(lines: Sequence[Line]) -> list[Field]:
    """An order's fields."""
    return _present(
        _labelled("order_number", lines, labels.ORDER_NUMBER, _as_number),
        _labelled("order_date", lines, labels.ORDER_DATE, _as_day),
        _labelled("customer", lines, labels.CUSTOMER, _as_line),
        _labelled("total_amount", lines, labels.ORDER_TOTAL, _as_amount),
        _currency(lines),
    )


def contract_fields(lines: Sequence[Line]) -> list[Field]:
    """A contract's fields; without a named subject its title stands for it."""
    return _present(
        _parties(lines),
        _labelled("subject", lines, labels.SUBJECT, _as_line)
        or _anywhere("subject", lines, lambda text: text.strip() if _TITLE.search(text) else None),
        _labelled("start_date", lines, labels.START, _as_day),
    )


def identity_fields(lines: Sequence[Line]) -> list[Field]:
    """The fields of a passport or identity card."""
    return _present(
        _full_name(lines),
        _labelled("birth_date", lines, labels.BORN, _as_day),
        _labelled("document_number", lines, labels.DOCUMENT_NUMBER, _as_number),
        _labelled("expiry_date", lines, labels.EXPIRY, _as_day),
        _labelled("nationality", lines, labels.NATIONALITY, _as_nationality),
    )


def enquiry_fields(lines: Sequence[Line]) -> list[Field]:
    """What an enquiry on paper or from a form says."""
    return _present(
        _labelled("sender_name", lines, labels.SENDER, _as_name),
        _anywhere("object_reference", lines, lambda text: next(iter(references_in(text)), None)),
        _anywhere("email", lines, lambda text: _matched(_EMAIL, text)),
        _anywhere("phone", lines, lambda text: _matched(_PHONE, text)),
    )


def _present(*fields: Field | None) -> list[Field]:
    return [field for field in fields if field is not None]


def _labelled(name: str, lines: Sequence[Line], wanted: Iterable[str], reading: Reading) -> Field | None:
    """The first value that can be read beside a label, or in one of the two lines below it."""
    for hit in hits(lines, wanted):
        for text, snippet in _places(hit):
            value = reading(text)
            if value:
                return Field(name, value, hit.line.page, snippet.strip())
    return None


def _places(hit: Hit) -> Iterator[tuple[str, str]]:
    """Texts in which the value may stand, each with the line to show for it."""
    beside = re.sub(r"^[\s:;.=|_*#–—-]+", "", hit.rest)
    if any(sign.isdigit() for sign in beside):
        yield beside, hit.line.text
        return
    for below in hit.line.below:
        if hit.line.text != hit.rest and (cell := _cell_below(hit, below)):
            yield cell, below
    if beside:
        yield beside, hit.line.text
        yield from ((text, text) for text in hit.line.below[:1] if any(sign.isdigit() for sign in text))
    else:
        yield from ((text, text) for text in hit.line.below)


def _cell_below(hit: Hit, below: str) -> str | None:
    """The amount under a label that is one of several in a head line; nothing when it is no table."""
    amounts = list(printed_amounts_in(below))
    up_to_label = hit.line.text[: len(hit.line.text) - len(hit.rest)]
    for gap in (r"\s{2,}|\t|\|", r"\s+"):
        columns = re.split(gap, hit.line.text.strip())
        if len(columns) == len(amounts) > 1:
            return amounts[len(re.split(gap, up_to_label.strip())) - 1].words
    return None


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
    return _anywhere("currency", lines, lambda text: "EUR" if re.search(r"\d,\d{2}(?!\d)", text) else None)


def _parties(lines: Sequence[Line]) -> Field | None:
    """`zwischen A und B`, or the two sides by their labels."""
    text = "\n".join(line.text for line in lines)
    found = re.search(
        r"(?:zwischen|between)\s+(?P<a>[^\n,(]+?)[\s,]*(?:\([^)]*\)|,[^\n]*)?\s+(?:und|and)\s+(?P<b>[^\n,(.]+)",
        text,
        re.IGNORECASE,
    )
    if found:
        line = next((line for line in lines if found["a"].strip() in line.text), lines[0])
        return Field("parties", f"{found['a'].strip()}; {found['b'].strip()}", line.page, line.text.strip())
    first = _labelled("parties", lines, labels.FIRST_PARTY, _as_line)
    second = _labelled("parties", lines, labels.SECOND_PARTY, _as_line)
    if first and second:
        return Field("parties", f"{first.value}; {second.value}", first.page, first.snippet)
    return first or second


def _full_name(lines: Sequence[Line]) -> Field | None:
    last = _labelled("full_name", lines, labels.LAST_NAME, _as_name)
    given = _labelled("full_name", lines, labels.GIVEN_NAME, _as_name)
    if last and given:
        return Field("full_name", f"{given.value} {last.value}", last.page, last.snippet)
    return _labelled("full_name", lines, labels.FULL_NAME, _as_name) or last or given


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
