"""What a document means: its category, a summary, and fields with the place each was read at."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Category = Literal["identity_document", "income_proof", "invoice", "order", "contract", "enquiry", "other"]
Language = Literal["de", "en", "other"]
FieldKind = Literal["amount", "date", "period", "currency", "words"]

FIELDS: dict[Category, dict[str, FieldKind]] = {
    "income_proof": {
        "employee_name": "words",
        "employer": "words",
        "period": "period",
        "gross_income": "amount",
        "net_income": "amount",
        "currency": "currency",
    },
    "invoice": {
        "invoice_number": "words",
        "invoice_date": "date",
        "issuer": "words",
        "total_amount": "amount",
        "currency": "currency",
        "due_date": "date",
    },
    "order": {
        "order_number": "words",
        "order_date": "date",
        "customer": "words",
        "total_amount": "amount",
        "currency": "currency",
    },
    "contract": {"parties": "words", "subject": "words", "start_date": "date"},
    "identity_document": {
        "full_name": "words",
        "birth_date": "date",
        "document_number": "words",
        "expiry_date": "date",
        "nationality": "words",
    },
    "enquiry": {"sender_name": "words", "object_reference": "words", "email": "words", "phone": "words"},
    "other": {},
}
"""The fields of each category and how their values are written."""


@dataclass(frozen=True, slots=True)
class FoundField:
    """A value and the words on the page that it was read from."""

    name: str
    value: str
    page: int
    snippet: str


@dataclass(frozen=True, slots=True)
class Price:
    """What an analysis cost."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What somebody made of a document's text; `offline` says that no model was asked."""

    category: Category
    language: Language
    summary: str
    confidence: float
    fields: tuple[FoundField, ...]
    model: str
    offline: bool = False
    cost: Price | None = None
    tokens: tuple[int, int] | None = None
    """Read and written, of this very call; an analysis that was kept from before took none."""
