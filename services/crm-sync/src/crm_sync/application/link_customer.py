"""Tie a lead to a customer: found in the copy, else in the CRM, else made; then a contact, a task and a log entry."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, cast

from contracts.crm.v1 import ActivityLogged, CustomerLinked, TaskCreated
from contracts.envelope import Following
from contracts.leads.v1 import LeadCreated
from crm_sync.application.log_activity import ActivityDue
from crm_sync.application.ports import (
    Copy,
    Crm,
    Crms,
    Found,
    Link,
    Links,
    Profiles,
    Remembered,
    Session,
    Unit,
)
from crm_sync.application.write_records import once, write_entry, write_task
from crm_sync.domain.contact_points import country_code_of, normal_email, normal_phone
from crm_sync.domain.customer import Customer, Person
from crm_sync.domain.records import Entry, Task, answer_task, enquiry_entry

How = Literal["copy", "crm", "created"]
_LONGEST = 100.0


class TookTooLong(Exception):
    """The CRM was too slow; whether a customer was made is looked up before the next try."""

    ambiguous = True


class CustomerGone(Exception):
    """The customer was deleted in the CRM while a lead was being tied to it."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A lead tied to its customer, with what was written into the CRM."""

    link: Link
    how: How
    customer: Customer
    task_id: str
    task: Task
    entry_id: str
    entry: Entry


class LinkCustomer:
    """Every write into the CRM is an effect: after a crash it is looked up, never made twice."""

    def __init__(
        self, *, crms: Crms, profiles: Profiles, copy: Copy, links: Links, country_code: str
    ) -> None:
        self._crms = crms
        self._profiles = profiles
        self._copy = copy
        self._links = links
        self._country_code = country_code

    async def __call__(self, lead: LeadCreated, unit: Unit) -> Linked:
        """Find or make the customer, and write contact, task and entry."""
        profile = await self._profiles.profile(unit.tenant_id)
        crm = await self._crms.of(unit.tenant_id)
        person = person_of(lead, country_code_of(profile.time_zone, default=self._country_code))
        found, how = await self._customer(crm, person, unit)
        customer = await crm.complete(found.customer, person)
        contact_id = found.contact_id or await _contact(crm, customer, person, unit)
        task = answer_task(
            lead.lead_id, profile.language, name=person.shown_name, object_reference=lead.object_reference,
            portal=lead.portal,
        )  # fmt: skip
        entry = enquiry_entry(
            lead.lead_id, profile.language, channel=lead.channel, object_reference=lead.object_reference,
            portal=lead.portal, at=unit.envelope.time,
        )  # fmt: skip
        task_id = await write_task(crm, customer.customer_id, task, unit)
        entry_id = await write_entry(crm, customer.customer_id, contact_id, entry, unit)
        link = Link(lead.lead_id, crm.vendor, customer.customer_id, contact_id)
        return Linked(link, how, customer, task_id, task, entry_id, entry)

    async def keep(self, session: Session, linked: Linked) -> list[Following]:
        """Keep the tie and the copy, say them, and let go what waited for the tie."""
        link = linked.link
        await self._links.lock(session, link.lead_id)
        await self._links.put(session, link)
        await self._copy.put(session, link.vendor, [linked.customer])
        waiting = await self._links.take_waiting(session, link.lead_id)
        return [
            CustomerLinked(
                lead_id=link.lead_id, customer_id=link.customer_id, customer_number=linked.customer.number,
                vendor=link.vendor, how=linked.how,
            ),
            TaskCreated(
                lead_id=link.lead_id, customer_id=link.customer_id, task_id=linked.task_id, subject=linked.task.subject
            ),
            ActivityLogged(
                lead_id=link.lead_id, customer_id=link.customer_id, entry_id=linked.entry_id,
                subject=linked.entry.subject,
            ),
            *(ActivityDue.model_validate(activity) for activity in waiting),
        ]  # fmt: skip

    async def _customer(self, crm: Crm, person: Person, unit: Unit) -> tuple[Found, How]:
        """The decision is remembered as a whole, so that a redelivery comes to the same customer."""
        found: list[Found] = []

        async def call() -> Remembered:
            try:
                # Several requests, which together must be over before the effect's lease is.
                async with asyncio.timeout(_LONGEST):
                    known, how = await self._found_or_made(crm, person, unit)
            except TimeoutError as error:
                raise TookTooLong(
                    f"finding the customer of lead {person.reference} took over {_LONGEST:g} s"
                ) from error
            found.append(known)
            return {"customer_id": known.customer.customer_id, "contact_id": known.contact_id, "how": how}

        async def look_up() -> Remembered | None:
            created = await crm.created_for(person.reference)
            return (
                None
                if created is None
                else {"customer_id": created.customer_id, "contact_id": None, "how": "created"}
            )

        done = await unit.effect(f"{person.reference}:customer", look_up=look_up, call=call)
        how = cast("How", done["how"])
        if found:
            return found[0], how
        customer = await crm.read(str(done["customer_id"]))
        if customer is None:
            raise CustomerGone(
                f"customer {done['customer_id']} of lead {person.reference} is no longer in the CRM; restore it there"
            )
        return Found(customer, cast("str | None", done["contact_id"])), how

    async def _found_or_made(self, crm: Crm, person: Person, unit: Unit) -> tuple[Found, How]:
        known = await self._known(crm, person, unit)
        if known is not None:
            return known, "copy"
        found = await crm.find(person)
        if found is not None:
            return found, "crm"
        return Found(await crm.create(person)), "created"

    async def _known(self, crm: Crm, person: Person, unit: Unit) -> Found | None:
        """Somebody in the copy, read anew: what the copy says may be older, and the record may be gone."""
        async with unit.reading() as session:
            copied = await self._copy.find(session, crm.vendor, person)
        if copied is None:
            return None
        customer = await crm.read(copied.customer.customer_id)
        return None if customer is None else Found(customer, copied.contact_id)


def person_of(lead: LeadCreated, country_code: str) -> Person:
    """Who enquires, with the contact points in normal form."""
    emails = [normal_email(point.value) for point in lead.contact_points if point.kind == "email"]
    phones = [
        normal_phone(point.value, country_code=country_code)
        for point in lead.contact_points
        if point.kind in ("phone", "whatsapp")
    ]
    return Person(
        reference=lead.lead_id,
        name=lead.name,
        emails=tuple(dict.fromkeys(email for email in emails if email)),
        phones=tuple(dict.fromkeys(phone for phone in phones if phone)),
    )


async def _contact(crm: Crm, customer: Customer, person: Person, unit: Unit) -> str | None:
    """The person's own record within a company; a private customer is the person."""
    if customer.kind != "organization" or person.kind == "organization":
        return None
    reference = f"{person.reference}/contact"
    own = Person(reference, person.name, person.emails, person.phones)

    async def look_up() -> str | None:
        found = await crm.created_for(reference)
        return None if found is None else found.customer_id

    async def call() -> str:
        return (await crm.add_contact(customer, own)).customer_id

    return await once(unit, f"contact:{person.reference}", look_up=look_up, call=call)
