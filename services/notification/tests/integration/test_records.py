"""The record of outgoing mail: the last guards stand in the database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis.migration import migrate, migrate_down
from chassis.service import Service
from contracts.envelope import new_id
from notification.adapters.store import OutgoingRecords
from notification.app import create_service
from notification.application.ports import AlreadyHandedOver, Record
from testkit.service import environ

records = OutgoingRecords()


@pytest.fixture
async def service(environment: Mapping[str, str]) -> AsyncIterator[Service]:
    with environ(dict(environment)):
        service = create_service()
    await migrate(service)
    yield service
    await service.database.close()


@pytest.fixture
def tenant_id() -> str:
    return f"t{new_id()[-12:]}"


def letter(**changes: object) -> Record:
    lead_id = new_id()
    record = Record(
        key=f"{lead_id}:1:reply", lead_id=lead_id, turn=1, purpose="reply", recipients=("anna@example.org",),
        subject="Re: Wohnung", message_id="<1@a.test>", counted=True, state="sending", at=datetime.now(UTC),
    )  # fmt: skip
    return replace(record, **changes)  # pyright: ignore[reportArgumentType]


async def hand_over(service: Service, tenant_id: str, record: Record, *, cap: int = 100) -> bool:
    async with service.units.begin(tenant_id) as transaction:
        return await records.hand_over(transaction.session, record, cap=cap)


async def test_a_letter_is_handed_over_by_one_process_only(service: Service, tenant_id: str) -> None:
    record = letter()
    assert await hand_over(service, tenant_id, record)
    with pytest.raises(AlreadyHandedOver) as failure:
        await hand_over(service, tenant_id, record)
    assert failure.value.ambiguous
    async with service.units.begin(tenant_id) as transaction:
        await records.take_back(transaction.session, record.key)
    assert await hand_over(service, tenant_id, record)


async def test_the_hours_limit_holds_when_many_letters_go_at_once(service: Service, tenant_id: str) -> None:
    allowed = await asyncio.gather(*(hand_over(service, tenant_id, letter(), cap=3) for _ in range(12)))
    assert allowed.count(True) == 3
    assert await hand_over(service, tenant_id, letter(counted=False), cap=3)


async def test_a_letter_that_was_sent_is_never_shown_as_held(service: Service, tenant_id: str) -> None:
    record = letter()
    async with service.units.begin(tenant_id) as transaction:
        await records.put(transaction.session, replace(record, state="sent"))
        await records.put(transaction.session, replace(record, state="held", held={"hold": "paused"}))
        assert await records.held(transaction.session, limit=10) == []
        assert not await records.release(transaction.session, record.key)


async def test_something_is_told_once(service: Service, tenant_id: str) -> None:
    async with service.units.begin(tenant_id) as transaction:
        assert await records.tell_once(transaction.session, "smtp_login:3")
        assert not await records.tell_once(transaction.session, "smtp_login:3")
        assert await records.tell_once(transaction.session, "smtp_login:4")


async def test_the_tables_can_be_taken_back_and_made_again(service: Service) -> None:
    await migrate_down(service)
    await migrate(service)
    assert await hand_over(service, "wieder", letter())
