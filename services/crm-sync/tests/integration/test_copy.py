"""The local copy: large, quick, one tenant at a time, and never older than it was."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chassis.migration import migrate, migrate_down
from chassis.service import Service
from contracts.envelope import new_id
from crm_sync.adapters.customer_copy import CustomerCopy
from crm_sync.app import create_service
from crm_sync.domain.customer import Customer, Person
from testkit.service import environ

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
copy = CustomerCopy()


@pytest.fixture(scope="module")
async def service(environment: Mapping[str, str]) -> AsyncIterator[Service]:
    with environ(dict(environment)):
        service = create_service()
    await migrate(service)
    yield service
    await service.database.close()


@pytest.fixture
def tenant_id() -> str:
    return f"t{new_id()[-12:]}"


def customer(number: int, **changes: object) -> Customer:
    made = Customer(
        customer_id=str(number), name=f"Anna{number} Grün", kind="person", version="1", modified_at=NOW,
        number=f"C{number}", emails=(f"anna{number}@example.org",), phones=(f"+43664{number:07d}",),
    )  # fmt: skip
    return replace(made, **changes)  # pyright: ignore[reportArgumentType]


async def keep(service: Service, tenant_id: str, *customers: Customer) -> list[str]:
    async with service.units.begin(tenant_id) as transaction:
        changed = await copy.put(transaction.session, "weclapp", customers)
    return sorted(found.customer_id for found in changed)


async def test_only_what_is_newer_replaces_what_is_there(service: Service, tenant_id: str) -> None:
    assert await keep(service, tenant_id, customer(1), customer(2)) == ["1", "2"]
    assert await keep(service, tenant_id, customer(1), customer(2)) == []
    newer = customer(1, version="3", modified_at=NOW + timedelta(seconds=2), emails=("neu@example.org",))
    assert await keep(service, tenant_id, newer) == ["1"]
    assert (
        await keep(service, tenant_id, customer(1, version="2", modified_at=NOW + timedelta(seconds=1))) == []
    )
    async with service.units.reading(tenant_id) as session:
        assert await copy.get(session, "1") == newer
        assert await copy.by_contact(session, emails=["neu@example.org"]) == [newer]
        assert await copy.by_contact(session, emails=["anna1@example.org"]) == []


async def test_an_address_decides_before_a_phone_number_and_a_customer_before_a_contact(
    service: Service, tenant_id: str
) -> None:
    company = customer(9, kind="organization", emails=(), phones=())
    contact = customer(1, is_customer=False, parent_id="9", emails=("chef@example.org",))
    await keep(
        service,
        tenant_id,
        company,
        contact,
        customer(2),
        customer(3, emails=("chef@example.org",), is_customer=False),
    )
    async with service.units.reading(tenant_id) as session:
        by_both = await copy.find(
            session, "weclapp", Person("r", None, ("anna2@example.org",), ("+436640000001",))
        )
        by_contact = await copy.find(session, "weclapp", Person("r", None, (), ("+436640000001",)))
        elsewhere = await copy.find(session, "builtin", Person("r", None, ("anna2@example.org",)))
    assert by_both is not None
    assert by_both.customer.customer_id == "2"
    assert by_contact is not None
    assert (by_contact.customer.customer_id, by_contact.contact_id) == ("9", "1")
    assert elsewhere is None


async def test_five_thousand_customers_are_found_by_an_index(service: Service, tenant_id: str) -> None:
    for start in range(0, 5000, 1000):
        await keep(service, tenant_id, *(customer(number) for number in range(start, start + 1000)))
    plan_of = text(
        "explain select * from crm_sync.customer_keys where kind = 'email' and value = 'anna4711@example.org'"
    )
    async with service.units.reading(tenant_id) as session:
        [found] = await copy.by_contact(session, phones=["+436640004711"])
        words = await copy.by_words(session, "gruen ANNA471", limit=50)
        plan = "\n".join(str(row[0]) for row in await session.execute(plan_of))  # pyright: ignore[reportDeprecated]
    assert found.customer_id == "4711"
    assert {found.customer_id for found in words} == {"471", *(str(number) for number in range(4710, 4720))}
    assert "customer_keys_pkey" in plan
    assert "value" in plan.partition("Index Cond")[2]


async def test_the_regular_look_is_one_processes_at_a_time(service: Service, tenant_id: str) -> None:
    async with service.units.begin(tenant_id) as transaction:
        first = await copy.take_turn(transaction.session, "weclapp")
        second = await copy.take_turn(transaction.session, "weclapp")
        await copy.move_cursor(transaction.session, "weclapp", NOW)
        await copy.end_turn(transaction.session, "weclapp", next_in=-1)
        third = await copy.take_turn(transaction.session, "weclapp")
        await copy.end_turn(transaction.session, "weclapp", next_in=60)
        fourth = await copy.take_turn(transaction.session, "weclapp")
    assert first is not None
    assert first.modified_until is None
    assert third is not None
    assert third.modified_until == NOW
    assert (second, fourth) == (None, None)


async def test_the_tables_can_be_taken_back_and_made_again(service: Service) -> None:
    await migrate_down(service)
    await migrate(service)
    assert await keep(service, "wieder", customer(1)) == ["1"]
