"""What every CRM must do for us: one suite over weclapp (simulated, on a real wire) and the built-in one."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from chassis.migration import migrate
from chassis.service import Service
from contracts.envelope import new_id
from crm_sync.adapters.builtin import BuiltinCrm
from crm_sync.adapters.builtin_records import BuiltinRecords
from crm_sync.adapters.weclapp.adapter import WeclappCrm
from crm_sync.adapters.weclapp.client import WeclappClient
from crm_sync.app import create_service
from crm_sync.application.ports import Crm
from crm_sync.domain.customer import Person
from crm_sync.domain.records import answer_task, reply_entry
from testkit.sandbox import TO_THE_SANDBOX, Sandbox
from testkit.service import environ
from vendorkit import HostGates


@dataclass
class Office:
    """A company's CRM, and a person nobody knows yet."""

    crm: Crm
    tenant_id: str

    def person(self, **changes: object) -> Person:
        mark = new_id()[-8:]
        values: dict[str, object] = {
            "reference": new_id(),
            "name": "Dr. Anna von der Größe",
            "emails": (f"anna.{mark}@example.org",),
            "phones": (f"+43664{int(mark, 16) % 10**7:07d}",),
        }
        return Person(**{**values, **changes})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
async def service(environment: Mapping[str, str]) -> AsyncIterator[Service]:
    with environ(dict(environment)):
        service = create_service()
    await migrate(service)
    yield service
    await service.database.close()


@pytest.fixture(params=["weclapp", "builtin"])
async def office(request: pytest.FixtureRequest, service: Service, sandbox: Sandbox) -> AsyncIterator[Office]:
    tenant_id = f"t{new_id()[-12:]}"
    if request.param == "builtin":
        yield Office(BuiltinCrm(tenant_id, service.units, BuiltinRecords()), tenant_id)
        return
    base_url = sandbox.address("weclapp").format(tenant=tenant_id)
    client = WeclappClient(base_url, SecretStr("token"), gates=HostGates(4), guard=TO_THE_SANDBOX)
    yield Office(WeclappCrm(client, country_code="43"), tenant_id)
    await client.aclose()
    await sandbox.clear_faults()


async def test_a_customer_is_found_again_by_address_phone_and_reference(office: Office) -> None:
    person = office.person()
    assert await office.crm.find(person) is None
    made = await office.crm.create(person)
    by_email = await office.crm.find(office.person(emails=person.emails))
    by_phone = await office.crm.find(office.person(emails=(), phones=person.phones))
    assert by_email is not None
    assert by_phone is not None
    assert by_email.customer == by_phone.customer == made == await office.crm.read(made.customer_id)
    assert await office.crm.created_for(person.reference) == made
    assert (made.kind, made.is_customer, made.emails, made.phones) == (
        "person",
        True,
        person.emails,
        person.phones,
    )
    assert "Anna" in made.name
    assert "Größe" in made.name
    assert made.number


async def test_an_address_is_found_whatever_its_case(office: Office) -> None:
    person = office.person()
    await office.crm.create(person)
    assert await office.crm.find(office.person(emails=(person.emails[0].lower(),))) is not None


async def test_what_nobody_has_is_not_found(office: Office) -> None:
    assert await office.crm.read("999999") is None
    assert await office.crm.created_for(new_id()) is None
    assert await office.crm.find(Person(new_id(), None)) is None


async def test_what_is_missing_is_added_and_what_is_there_stays(office: Office) -> None:
    person = office.person()
    made = await office.crm.create(office.person(phones=(), emails=person.emails))
    completed = await office.crm.complete(made, person)
    assert completed.phones == person.phones
    assert completed.version != made.version
    other = office.person(emails=("somebody@else.test",))
    assert await office.crm.complete(completed, other) == completed


async def test_a_record_that_was_changed_meanwhile_is_read_again(office: Office) -> None:
    person = office.person(emails=())
    stale = await office.crm.create(office.person(emails=(), phones=(), name=person.name))
    await office.crm.complete(stale, person)
    now = await office.crm.complete(stale, office.person(phones=person.phones))
    assert now.phones == person.phones
    assert len(now.emails) == 1


async def test_a_contact_within_a_company_leads_to_the_company(office: Office) -> None:
    company = await office.crm.create(office.person(name="Hausbau Grün GmbH"))
    person = office.person()
    contact = await office.crm.add_contact(company, person)
    found = await office.crm.find(person)
    assert company.kind == "organization"
    assert found is not None
    assert (found.customer.customer_id, found.contact_id) == (company.customer_id, contact.customer_id)


async def test_tasks_and_entries_are_found_by_our_reference(office: Office) -> None:
    customer = await office.crm.create(office.person())
    lead_id = new_id()
    task = answer_task(lead_id, "de", name="Anna <Grün>", object_reference="W-7", portal="willhaben")
    entries = [reply_entry(lead_id, turn, "de", channel="email", at=datetime.now(UTC)) for turn in (1, 11)]
    assert await office.crm.task(customer.customer_id, task.reference) is None
    task_id = await office.crm.create_task(customer.customer_id, task)
    ids = [await office.crm.log(customer.customer_id, None, entry) for entry in entries]
    assert await office.crm.task(customer.customer_id, task.reference) == task_id
    assert [await office.crm.entry(customer.customer_id, entry.reference) for entry in entries] == ids
    assert (
        await office.crm.task(
            customer.customer_id,
            reply_entry(lead_id, 1, "de", channel="email", at=datetime.now(UTC)).reference,
        )
        is None
    )
