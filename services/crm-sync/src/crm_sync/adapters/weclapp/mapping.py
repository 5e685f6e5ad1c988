"""weclapp's records and ours: ids and versions are texts, times are milliseconds, what is empty is left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from crm_sync.domain.contact_points import normal_email, normal_phone
from crm_sync.domain.customer import Customer, Missing, Person, split_name
from crm_sync.domain.records import Entry, Task

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Record = TypeVar("_Record", bound=BaseModel)


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Made(_Form):
    """A record of which only the id matters."""

    id: str


class PartyRecord(_Form):
    """A party: a customer, a supplier, or a contact within one of them."""

    id: str
    version: str
    lastModifiedDate: int  # noqa: N815 — weclapp's own names
    partyType: Literal["ORGANIZATION", "PERSON"]  # noqa: N815
    customer: bool = False
    customerNumber: str | None = None  # noqa: N815
    company: str | None = None
    firstName: str | None = None  # noqa: N815
    lastName: str | None = None  # noqa: N815
    email: str | None = None
    phone: str | None = None
    phoneHome: str | None = None  # noqa: N815
    fixPhone2: str | None = None  # noqa: N815
    mobilePhone1: str | None = None  # noqa: N815
    mobilePhone2: str | None = None  # noqa: N815
    parentPartyId: str | None = None  # noqa: N815
    referenceNumber: str | None = None  # noqa: N815

    @property
    def name(self) -> str:
        """The name as people say it."""
        full = " ".join(part for part in (self.firstName, self.lastName) if part)
        return (self.company if self.partyType == "ORGANIZATION" else full) or full or self.company or ""


class TaskRecord(_Form):
    """A task, as far as it is needed to find ours again."""

    id: str
    description: str = ""


class EventRecord(_Form):
    """A log entry, as far as it is needed to find ours again."""

    id: str
    description: str = ""


class ListOf(_Form, Generic[_Record]):
    """A page of records."""

    result: list[_Record]


def customer_of(party: PartyRecord, *, country_code: str) -> Customer:
    """A party as a customer."""
    numbers = (party.phone, party.mobilePhone1, party.phoneHome, party.fixPhone2, party.mobilePhone2)
    phones = [normal_phone(number, country_code=country_code) for number in numbers if number]
    email = normal_email(party.email) if party.email else None
    return Customer(
        customer_id=party.id,
        name=party.name,
        kind="organization" if party.partyType == "ORGANIZATION" else "person",
        version=party.version,
        modified_at=_EPOCH + timedelta(milliseconds=party.lastModifiedDate),
        number=party.customerNumber,
        is_customer=party.customer,
        parent_id=party.parentPartyId,
        emails=(email,) if email else (),
        phones=tuple(dict.fromkeys(phone for phone in phones if phone)),
    )


def new_party(person: Person) -> dict[str, object]:
    """The body that makes a customer of a person or a company."""
    return {
        **_identity(person),
        **_contact_points(person),
        "customer": True,
        "referenceNumber": person.reference,
    }


def new_contact(person: Person, company_id: str) -> dict[str, object]:
    """The body that makes a contact within a company."""
    return {
        **_identity(person),
        **_contact_points(person),
        "parentPartyId": company_id,
        "referenceNumber": person.reference,
    }


def completed(party: PartyRecord, missing: Missing) -> dict[str, object]:
    """The properties that are added to a party."""
    changes: dict[str, object] = {}
    if missing.email is not None:
        changes["email"] = missing.email
    if missing.phone is not None and not party.phone:
        changes["phone"] = missing.phone
    if missing.make_customer:
        changes["customer"] = True
    return changes


def new_task(task: Task, customer_id: str) -> dict[str, object]:
    """The body that makes a task."""
    return {
        "subject": task.subject,
        "description": _html((*task.lines, _reference(task.reference))),
        "taskPriority": "HIGH" if task.urgent else "MEDIUM",
        "taskStatus": "NOT_STARTED",
        "customerId": customer_id,
    }


def new_event(entry: Entry, customer_id: str, contact_id: str | None) -> dict[str, object]:
    """The body that writes a log entry."""
    body: dict[str, object] = {
        "partyId": customer_id,
        "type": "GENERAL",
        "subject": entry.subject,
        "description": _html((*entry.lines, _reference(entry.reference))),
        "startDate": milliseconds(entry.at),
    }
    return body | ({"contactId": contact_id} if contact_id is not None else {})


def bears(record: TaskRecord | EventRecord, reference: str) -> bool:
    """Whether a record bears our reference."""
    return _reference(reference) in record.description


def milliseconds(moment: datetime) -> int:
    """A time as weclapp writes it."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _identity(person: Person) -> dict[str, object]:
    if person.kind == "organization":
        return {"partyType": "ORGANIZATION", "company": person.shown_name}
    first, last = split_name(person.shown_name)
    identity: dict[str, object] = {"partyType": "PERSON", "lastName": last}
    return identity | ({"firstName": first} if first else {})


def _contact_points(person: Person) -> dict[str, object]:
    points: dict[str, object] = {}
    if person.emails:
        points["email"] = person.emails[0]
    if person.phones:
        points["phone"] = person.phones[0]
    if len(person.phones) > 1:
        points["mobilePhone1"] = person.phones[1]
    return points


def _html(lines: Sequence[str]) -> str:
    return "".join(f"<p>{escape(line, quote=False)}</p>" for line in lines)


def _reference(reference: str) -> str:
    return f"Ref. {reference}."
