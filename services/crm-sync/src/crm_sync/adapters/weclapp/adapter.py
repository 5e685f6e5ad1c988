"""weclapp as a CRM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from contracts.crm.v1 import CrmVendor
from crm_sync.adapters.weclapp.client import PAGE, WeclappClient
from crm_sync.adapters.weclapp.mapping import (
    PartyRecord,
    bears,
    completed,
    customer_of,
    milliseconds,
    new_contact,
    new_event,
    new_party,
    new_task,
)
from crm_sync.application.ports import Found
from crm_sync.domain.customer import Customer, Person, missing
from crm_sync.domain.records import Entry, Task
from vendorkit import VendorUnavailable

_ROUNDS = 4
"""How often a change is applied anew to a record that others change at the same time."""


class WeclappCrm:
    """The port `Crm` over one company's weclapp."""

    vendor: CrmVendor = "weclapp"

    def __init__(self, client: WeclappClient, *, country_code: str) -> None:
        self._client = client
        self._country_code = country_code

    async def find(self, person: Person) -> Found | None:
        """By e-mail, then by phone as we write it; customers before others, the oldest first."""
        for email in person.emails:
            parties = await self._client.parties(email_ieq=email, sort="id")
            if parties:
                return await self._belonging(parties)
        for phone in person.phones:
            for field in ("phone", "mobilePhone1"):
                parties = await self._client.parties(**{f"{field}_eq": phone}, sort="id")
                if parties:
                    return await self._belonging(parties)
        return None

    async def created_for(self, reference: str) -> Customer | None:
        """By the reference number."""
        parties = await self._client.parties(referenceNumber_eq=reference, sort="id")
        return self._customer(parties[0]) if parties else None

    async def read(self, customer_id: str) -> Customer | None:
        """A party as it is now."""
        party = await self._client.party(customer_id)
        return None if party is None else self._customer(party)

    async def create(self, person: Person) -> Customer:
        """A party that is a customer."""
        return self._customer(await self._client.create_party(new_party(person)))

    async def complete(self, customer: Customer, person: Person) -> Customer:
        """Add what is missing under the record's version; read and look again when it was changed meanwhile."""
        if not missing(customer, person):
            return customer
        for _ in range(_ROUNDS):
            party = await self._client.party(customer.customer_id)
            if party is None:
                return customer
            current = self._customer(party)
            changes = completed(party, missing(current, person))
            if not changes:
                return current
            changed = await self._client.change_party(party, changes)
            if changed is not None:
                return self._customer(changed)
        raise VendorUnavailable(
            f"party {customer.customer_id} is being changed by others all the time; trying again later",
            vendor=self.vendor,
            ambiguous=False,
        )

    async def add_contact(self, customer: Customer, person: Person) -> Customer:
        """A person within a company."""
        return self._customer(await self._client.create_party(new_contact(person, customer.customer_id)))

    async def task(self, customer_id: str, reference: str) -> str | None:
        """The task that bears our reference."""
        return next(
            (task.id for task in await self._client.tasks_of(customer_id) if bears(task, reference)), None
        )

    async def create_task(self, customer_id: str, task: Task) -> str:
        """A task of the customer."""
        return await self._client.create_task(new_task(task, customer_id))

    async def entry(self, customer_id: str, reference: str) -> str | None:
        """The log entry that bears our reference."""
        events = await self._client.events_of(customer_id)
        return next((event.id for event in events if bears(event, reference)), None)

    async def log(self, customer_id: str, contact_id: str | None, entry: Entry) -> str:
        """An event of the customer's history."""
        return await self._client.create_event(new_event(entry, customer_id, contact_id))

    async def changed_since(self, moment: datetime | None) -> AsyncIterator[Sequence[Customer]]:
        """Pages that begin at the last change seen, so that a record that moves while we read is not missed."""
        since, page = milliseconds(moment) if moment is not None else 0, 1
        while True:
            parties = await self._client.parties(
                lastModifiedDate_ge=since, sort="lastModifiedDate,id", page=page, pageSize=PAGE
            )
            if parties:
                yield [self._customer(party) for party in parties]
            if len(parties) < PAGE:
                return
            newest = parties[-1].lastModifiedDate
            since, page = (newest, 1) if newest > since else (since, page + 1)

    async def _belonging(self, parties: Sequence[PartyRecord]) -> Found:
        party = min(
            parties,
            key=lambda party: (not party.customer, party.parentPartyId is not None, len(party.id), party.id),
        )
        if not party.customer and party.parentPartyId is not None:
            company = await self._client.party(party.parentPartyId)
            if company is not None:
                return Found(self._customer(company), party.id)
        return Found(self._customer(party))

    def _customer(self, party: PartyRecord) -> Customer:
        return customer_of(party, country_code=self._country_code)
