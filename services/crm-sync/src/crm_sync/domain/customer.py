"""Customers as every CRM has them, and the person who enquires."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CustomerKind = Literal["person", "organization"]
_COMPANY = re.compile(
    r"\b(gmbh|ag|kg|og|ohg|ug|kgaa|e\.u|ltd|llc|inc|gbr|s\.r\.o|verein|genossenschaft|hausverwaltung|immobilien)\b",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    {"von", "van", "de", "der", "den", "zu", "zur", "zum", "di", "da", "del", "el", "al", "la", "le"}
)
_TITLES = frozenset(
    {"herr", "frau", "mr", "mrs", "ms", "dr", "mag", "di", "ing", "prof", "dipl", "bsc", "msc", "ba", "ma"}
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer or a contact of one, as the CRM keeps it; contact points are in normal form."""

    customer_id: str
    name: str
    kind: CustomerKind
    version: str
    modified_at: datetime
    number: str | None = None
    is_customer: bool = True
    parent_id: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Who enquires: what is known of them, in normal form, and our reference for what is made for them."""

    reference: str
    name: str | None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        """The name to show: the person's own, else a contact point, else what is left."""
        return (self.name or "").strip() or next(iter((*self.emails, *self.phones)), "Unbekannt")

    @property
    def kind(self) -> CustomerKind:
        """Whether the name is a company's."""
        return "organization" if self.name and _COMPANY.search(self.name) else "person"


@dataclass(frozen=True, slots=True)
class Missing:
    """What a CRM's record lacks of what the person told us."""

    email: str | None = None
    phone: str | None = None
    make_customer: bool = False

    def __bool__(self) -> bool:
        return self.email is not None or self.phone is not None or self.make_customer


def missing(customer: Customer, person: Person) -> Missing:
    """What is to be added to a record: only what it has nothing of, never a change of what people entered.

    A company's own record is left alone; its contact holds the person's data.
    """
    make_customer = not customer.is_customer and customer.parent_id is None
    if customer.kind == "organization":
        return Missing(make_customer=make_customer)
    return Missing(
        email=person.emails[0] if person.emails and not customer.emails else None,
        phone=person.phones[0] if person.phones and not customer.phones else None,
        make_customer=make_customer,
    )


def split_name(name: str) -> tuple[str, str]:
    """First and last name: „Dr. Anna von der Heide“ → Anna, von der Heide; „Grün, Anna“ → Anna, Grün."""
    last, comma, first = name.partition(",")
    if comma and last.strip() and first.strip():
        return " ".join(first.split()), " ".join(last.split())
    words = name.split()
    while len(words) > 1 and words[0].rstrip(".").lower() in _TITLES:
        words = words[1:]
    if not words:
        return "", name.strip()
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])
