"""Brings a value into the form that the house writes it in."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from ocr.domain.amounts import amounts_in, currency_in, plain
from ocr.domain.analysis import FieldKind
from ocr.domain.dates import dates_in, months_in


def normal(value: str, kind: FieldKind) -> str:
    """A plain decimal, an ISO date, month or currency, or trimmed words; what is none of them stays as it is."""
    text = " ".join(value.split())
    match kind:
        case "amount":
            return _amount(text)
        case "date":
            return next((found.isoformat() for found in dates_in(text)), text)
        case "period":
            return next(iter(months_in(text)), text)
        case "currency":
            return currency_in(text) or text.upper()
        case "words":
            return text


def _amount(text: str) -> str:
    try:
        return plain(Decimal(text))
    except InvalidOperation:
        return next((plain(found.value) for found in amounts_in(text)), text)
