"""A lead has one customer, whatever crashes and in whatever order events come: on real broker, database and wire."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import pytest
from pydantic import JsonValue
from sqlalchemy import text

from contracts.crm.v1 import ActivityLogged, CustomerLinked, TaskCreated
from contracts.documents.v1 import DocumentFiled
from contracts.envelope import Message, new_id
from contracts.leads.v1 import HandoverRequested, LeadCreated
from contracts.messages.v1 import MessageSent
from contracts.values import ContactPoint
from crm_sync.app import create_service
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub

Records = list[dict[str, JsonValue]]


@dataclass
class Office:
    """A tenant with weclapp, and the running service."""

    tenant_id: str
    fleet: RunningService
    tenancy: TenancyStub
    sandbox: Sandbox

    def configure(self, **changes: object) -> None:
        base_url = self.sandbox.address("weclapp").format(tenant=self.tenant_id)
        tenant = profile(self.tenant_id, **{"crm": "weclapp", **changes})
        self.tenancy.add(tenant, weclapp={"base_url": base_url, "token": "token"})
        self.fleet.service.tenants.forget(self.tenant_id)

    async def say(self, message: Message) -> None:
        await self.fleet.wire.say(message, tenant_id=self.tenant_id, correlation_id=f"story-{self.tenant_id}")

    async def linked(self, lead: LeadCreated) -> CustomerLinked:
        return await self.fleet.wire.heard(
            CustomerLinked, lambda event: event.lead_id == lead.lead_id, within=30
        )

    async def records(self, entity: str) -> Records:
        tenant = (await self.sandbox.state("weclapp")).get(self.tenant_id)
        return cast("Records", tenant.get(entity, [])) if isinstance(tenant, dict) else []

    async def customers(self, **query: str) -> Records:
        answer = await self.fleet.http.get(
            "/api/v1/customers", params=query, headers={"X-Tenant-Id": self.tenant_id}
        )
        assert answer.status_code == 200, answer.text
        return cast("Records", answer.json())

    async def sql(self, statement: str, **values: object) -> None:
        async with self.fleet.service.database.transaction(self.tenant_id) as session:
            await session.execute(text(statement), {"tenant_id": self.tenant_id, **values})  # pyright: ignore[reportDeprecated]

    async def dead_letters(self) -> int:
        async with self.fleet.service.database.connection() as connection:
            found = await connection.execute(
                text("select count(*) from crm_sync.dead_letters where tenant_id = :tenant_id"),
                {"tenant_id": self.tenant_id},
            )
            return int(found.scalar_one())


def lead(
    *, email: str | None = None, phone: str | None = None, name: str | None = "Anna Grün"
) -> LeadCreated:
    points = [ContactPoint(kind="email", value=email or f"anna.{new_id()[-8:]}@example.org")]
    if phone is not None:
        points.append(ContactPoint(kind="phone", value=phone))
    return LeadCreated(
        lead_id=new_id(), name=name, contact_points=tuple(points), channel="email", message_id=new_id(),
        subject="Anfrage zu W-7", object_reference="W-7", portal="willhaben",
    )  # fmt: skip


async def until(reached: Callable[[], Awaitable[bool]], *, within: float = 20) -> None:
    """Wait for something that is seen only by looking."""
    async with asyncio.timeout(within):
        while True:
            if await reached():
                return
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def service(environment: Mapping[str, str]) -> AsyncIterator[tuple[RunningService, TenancyStub]]:
    async with tenancy_stub() as tenancy:
        own = {"TENANCY_URL": tenancy.url, "CRM_SYNC_POLL_SECONDS": "0.3", "CRM_SYNC_REQUEST_SECONDS": "2"}
        async with running(create_service, {**environment, **own}) as fleet:
            yield fleet, tenancy


@pytest.fixture
async def office(service: tuple[RunningService, TenancyStub], sandbox: Sandbox) -> AsyncIterator[Office]:
    fleet, tenancy = service
    found = Office(f"t{new_id()[-12:]}", fleet, tenancy, sandbox)
    found.configure()
    yield found
    await sandbox.clear_faults()
    tenancy.profiles.pop(found.tenant_id)


async def test_an_unknown_person_becomes_a_customer_with_task_and_entry(office: Office) -> None:
    new = lead(phone="+436641234567")
    await office.say(new)
    linked = await office.linked(new)
    [party] = await office.records("party")
    [task] = await office.records("task")
    [entry] = await office.records("crmEvent")
    assert (linked.how, linked.vendor, linked.customer_id) == ("created", "weclapp", party["id"])
    assert linked.customer_number == party["customerNumber"]
    assert (party["firstName"], party["lastName"], party["phone"]) == ("Anna", "Grün", "+436641234567")
    assert (task["subject"], task["customerId"]) == ("Anfrage beantworten: Anna Grün (W-7)", party["id"])
    assert (entry["subject"], entry["partyId"]) == ("Anfrage eingegangen (email) (W-7)", party["id"])
    said = office.fleet.wire.all(TaskCreated) + office.fleet.wire.all(ActivityLogged)
    assert {event.customer_id for event in said if event.lead_id == new.lead_id} == {party["id"]}


async def test_somebody_whom_the_copy_knows_is_not_looked_for_in_the_crm(office: Office) -> None:
    first = lead()
    await office.say(first)
    customer = await office.linked(first)
    again = lead(email=first.contact_points[0].value.upper())
    before = (await office.sandbox.seen("weclapp"))[-1].number
    await office.say(again)
    assert (await office.linked(again)).customer_id == customer.customer_id
    assert (await office.linked(again)).how == "copy"
    assert len(await office.records("party")) == 1
    searched = [
        seen
        for seen in await office.sandbox.seen("weclapp", after=before)
        if "email-ieq" in seen.query and office.tenant_id in seen.path
    ]
    assert searched == []


async def test_somebody_whom_only_the_crm_knows_is_found_there(office: Office) -> None:
    office.tenancy.profiles.pop(office.tenant_id)  # the regular look does not come to this tenant meanwhile
    party: JsonValue = {
        "partyType": "PERSON",
        "lastName": "Grün",
        "customer": True,
        "email": "gruen@example.org",
    }
    await office.sandbox.seed("weclapp", tenants={office.tenant_id: {"party": [party]}})
    office.configure()
    await office.sql(
        "insert into crm_sync.cursors (tenant_id, vendor, due_at) values (:tenant_id, 'weclapp', now() + interval '1 hour') "
        "on conflict (tenant_id, vendor) do update set due_at = excluded.due_at"
    )
    known = lead(email="gruen@example.org", phone="+436641234567")
    await office.say(known)
    linked = await office.linked(known)
    [record] = await office.records("party")
    assert linked.customer_id == record["id"]
    assert linked.how in ("crm", "copy")
    assert (record["phone"], record["lastName"]) == ("+436641234567", "Grün")


async def test_a_contact_of_a_company_is_written_to_the_company(office: Office) -> None:
    company = lead(name="Hausbau Grün GmbH")
    await office.say(company)
    customer_id = (await office.linked(company)).customer_id
    person = lead(email=company.contact_points[0].value, name="Jörg Größe")
    await office.say(person)
    assert (await office.linked(person)).customer_id == customer_id
    contact = next(
        party for party in await office.records("party") if party.get("parentPartyId") == customer_id
    )
    entries = await office.records("crmEvent")
    assert contact["lastName"] == "Größe"
    assert [entry.get("contactId") for entry in entries if entry["partyId"] == customer_id] == [
        None,
        contact["id"],
    ]


@pytest.mark.parametrize("path", ["*/party", "*/task", "*/crmEvent"])
@pytest.mark.parametrize("kind", ["commit_then_cut", "malformed"])
async def test_an_answer_that_is_lost_makes_nothing_twice(office: Office, path: str, kind: str) -> None:
    await office.sandbox.fault(
        "weclapp", kind, method="POST", path=path.replace("*", f"/{office.tenant_id}/webapp/api/v2")
    )
    new = lead()
    await office.say(new)
    await office.linked(new)
    assert [len(await office.records(entity)) for entity in ("party", "task", "crmEvent")] == [1, 1, 1]


@pytest.mark.parametrize("effect", ["customer", "task", "entry"])
async def test_a_crash_between_the_crms_answer_and_our_commit_makes_nothing_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch, effect: str
) -> None:
    effects = office.fleet.service.effects
    settle = effects._settle  # pyright: ignore[reportPrivateUsage] — the moment of the crash
    crashed = asyncio.Event()

    async def crash(tenant_id: str, key: str, *rest: object) -> None:
        if tenant_id == office.tenant_id and effect in key and not crashed.is_set():
            crashed.set()
            raise RuntimeError("the process ends here")
        await settle(tenant_id, key, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(effects, "_settle", crash)
    monkeypatch.setattr(effects, "_free", crash_leaves_the_claim)
    new = lead()
    await office.say(new)
    await crashed.wait()
    await office.sql(
        "update crm_sync.effects set leased_until = now() - interval '1 second' where tenant_id = :tenant_id"
    )
    linked = await office.linked(new)
    assert linked.how == "created"
    assert [len(await office.records(entity)) for entity in ("party", "task", "crmEvent")] == [1, 1, 1]


async def crash_leaves_the_claim(*_: object) -> None:
    return None


def _story(lead_id: str) -> list[Message]:
    filed = DocumentFiled(
        document_id=new_id(),
        lead_id=lead_id,
        store="onedrive",
        path="2026/Grün/Einkommen.pdf",
        external_id="x",
    )
    sent = MessageSent(
        lead_id=lead_id,
        turn=1,
        purpose="reply",
        channel="email",
        external_id="<1@a.test>",
        sent_at=datetime.now(UTC),
    )
    return [sent, filed, HandoverRequested(lead_id=lead_id, turn=1, reason="Sehr verärgert")]


async def test_events_in_any_order_are_all_written_once(office: Office) -> None:
    leads: list[LeadCreated] = []
    for order in itertools.permutations(range(4)):
        new = lead(name=f"Anna {new_id()[-6:]}")
        leads.append(new)
        story = [new, *_story(new.lead_id)]
        for place in order:
            await office.say(story[place])
    for new in leads:
        await office.linked(new)

    async def all_written() -> bool:
        return [len(await office.records(kind)) for kind in ("crmEvent", "task")] >= [
            4 * len(leads),
            2 * len(leads),
        ]

    await until(all_written, within=60)
    entries, tasks = await office.records("crmEvent"), await office.records("task")
    assert len(entries) == 4 * len(leads)
    assert len(tasks) == 2 * len(leads)
    assert all(
        len([entry for entry in entries if new.lead_id in str(entry["description"])]) == 4 for new in leads
    )
    assert "Dokument abgelegt: Einkommen.pdf" in {entry["subject"] for entry in entries}
    assert await office.dead_letters() == 0


async def test_mail_to_the_agent_is_not_written_into_the_crm(office: Office) -> None:
    new = lead()
    await office.say(new)
    await office.linked(new)
    draft = MessageSent(
        lead_id=new.lead_id, turn=1, purpose="draft", channel="email", external_id="<1@a.test>", sent_at=datetime.now(UTC)
    )  # fmt: skip
    await office.say(draft)
    await office.say(_story(new.lead_id)[1])
    await office.fleet.wire.heard(
        ActivityLogged, lambda event: event.lead_id == new.lead_id and "Dokument" in event.subject
    )
    assert len(await office.records("crmEvent")) == 2


async def test_what_people_change_in_the_crm_reaches_the_copy(office: Office) -> None:
    new = lead()
    await office.say(new)
    linked = await office.linked(new)

    async def looked_once() -> bool:
        async with office.fleet.service.units.reading(office.tenant_id) as session:
            looked = await session.execute(text("select modified_until from crm_sync.cursors"))  # pyright: ignore[reportDeprecated]
            return looked.scalar() is not None

    await until(looked_once)  # the first look brings no news
    party: JsonValue = {
        "partyType": "PERSON",
        "lastName": "Öllinger",
        "firstName": "Eva",
        "customer": True,
        "email": "Eva@Example.org",
        "mobilePhone1": "0664 / 999 88 77",
    }
    await office.sandbox.seed("weclapp", tenants={office.tenant_id: {"party": [party]}})
    new_id_there = next(
        str(found["id"]) for found in await office.records("party") if found["id"] != linked.customer_id
    )

    async def said() -> bool:
        heard = [
            heard for heard in office.fleet.wire.heard_all if heard.envelope.tenant_id == office.tenant_id
        ]
        return any(heard.envelope.subject == f"customer/{new_id_there}" for heard in heard)

    await until(said)
    by_email, by_phone = (
        await office.customers(email="eva@example.org"),
        await office.customers(phone="06649998877"),
    )
    by_words = await office.customers(q="oelling ev")
    assert [found["customer_id"] for found in (*by_email, *by_phone, *by_words)] == [new_id_there] * 3
    one = await office.fleet.http.get(
        f"/api/v1/customers/{new_id_there}", headers={"X-Tenant-Id": office.tenant_id}
    )
    assert one.json()["phones"] == ["+436649998877"]


async def test_a_company_sees_only_its_own_customers(office: Office) -> None:
    new = lead()
    await office.say(new)
    linked = await office.linked(new)
    other = {"X-Tenant-Id": "somebody-else"}
    office.tenancy.add(profile("somebody-else"))
    assert (
        await office.fleet.http.get("/api/v1/customers", params={"q": "grün"}, headers=other)
    ).json() == []
    assert (
        await office.fleet.http.get(f"/api/v1/customers/{linked.customer_id}", headers=other)
    ).status_code == 404
    assert (await office.fleet.http.get("/api/v1/customers", headers=other)).status_code == 400


async def test_a_company_without_a_crm_has_the_built_in_one(office: Office) -> None:
    office.configure(crm="builtin", language="en")
    first, second = lead(name="Anna Grün"), lead(name="Jörg Größe")
    for new in (first, second):
        for message in (*_story(new.lead_id), new):
            await office.say(message)
    linked = [await office.linked(first), await office.linked(second)]
    own = {"X-Tenant-Id": office.tenant_id}
    assert {event.vendor for event in linked} == {"builtin"}
    assert sorted(str(event.customer_number) for event in linked) == ["10001", "10002"]
    found = await office.customers(email=first.contact_points[0].value)
    assert [customer["customer_id"] for customer in found] == [linked[0].customer_id]

    async def subjects(kind: str) -> set[str]:
        answer = await office.fleet.http.get(f"/api/v1/customers/{linked[0].customer_id}/{kind}", headers=own)
        return {record["subject"] for record in answer.json()}

    async def written() -> bool:
        return len(await subjects("entries")) == 4 and len(await subjects("tasks")) == 2

    await until(written)
    assert await subjects("tasks") == {
        "Answer enquiry of Anna Grün (W-7)",
        "Take over the enquiry of Anna Grün",
    }
