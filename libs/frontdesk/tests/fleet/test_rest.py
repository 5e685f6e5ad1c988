"""A fleet at rest: a story may say 'nothing more came' only when nothing more can come."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from chassis import Service, UnitOfWork
from chassis.errors import RetryLater
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Following, Later, new_id
from contracts.values import BlobRef
from frontdesk.fleet.rest import until_at_rest
from frontdesk.stack import Stack, place_of_its_own
from testkit.probe.service import NoteDue, Probe, create_probe
from testkit.service import running
from testkit.stack import name_of_this_session


@dataclass(frozen=True)
class Running:
    """The probe at work in a place of its own."""

    probe: Probe
    service: Service

    async def say(self, *following: Following) -> None:
        """Say something as the probe itself."""
        async with self.service.units.begin("acme") as transaction:
            transaction.say(*following)


@pytest_asyncio.fixture(scope="module")
async def at_work(stack: Stack) -> AsyncIterator[Running]:
    probe = Probe()
    probe.follow = lambda _: []
    with place_of_its_own(stack, name_of_this_session()) as place:
        async with running(lambda: create_probe(probe), place) as started:
            yield Running(probe, started.service)


def received() -> DocumentReceived:
    return DocumentReceived(
        document_id=new_id(),
        message_id="message",
        filename="Gehaltszettel.pdf",
        blob=BlobRef(key="acme/0", size=1, media_type="application/pdf"),
        received_at=datetime.now(UTC),
    )


async def test_a_house_where_a_message_is_being_handled_is_not_at_rest(at_work: Running) -> None:
    go_on = asyncio.Event()

    async def wait(_: DocumentReceived, __: UnitOfWork) -> None:
        await go_on.wait()

    at_work.probe.work = wait
    event = received()
    await at_work.say(event)

    with pytest.raises(TimeoutError, match=r"document\.received\.v1"):
        await until_at_rest([at_work.service], within=1.5)
    go_on.set()
    await until_at_rest([at_work.service])

    assert at_work.probe.worked[event.document_id] == 1


async def test_a_house_rests_only_after_the_last_attempt(at_work: Running) -> None:
    async def busy_at_first(_: DocumentReceived, unit: UnitOfWork) -> None:
        if unit.attempt == 1:
            raise RetryLater("the vendor is busy", after=1.0)

    at_work.probe.work = busy_at_first
    event = received()

    await at_work.say(event)
    await until_at_rest([at_work.service])

    assert at_work.probe.worked[event.document_id] == 2


async def test_a_house_with_an_open_timer_is_not_at_rest(at_work: Running) -> None:
    document_id = new_id()

    await at_work.say(
        Later(NoteDue(document_id=document_id), datetime.now(UTC) + timedelta(seconds=1), "note")
    )
    await until_at_rest([at_work.service])

    assert at_work.probe.rung == [document_id]


async def test_a_house_rests_although_something_may_lapse_much_later(at_work: Running) -> None:
    later = Later(NoteDue(document_id=new_id()), datetime.now(UTC) + timedelta(hours=1), "lapse")

    await at_work.say(later)

    await until_at_rest([at_work.service], within=5.0)
