"""Nothing lost, nothing twice: the chassis's promises on the real broker and the real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import aio_pika
import asyncpg
import pytest

from chassis import hearing
from chassis.dead_letters import DeadLetter
from chassis.errors import NeedsTenant, NeverRetry, RetryLater
from chassis.outbox import OWN_SECONDS, OutboxRow
from chassis.publishing import Acknowledgements
from chassis.relay import Relay
from chassis.service import Service
from chassis.unit import UnitOfWork
from contracts.documents.v1 import DocumentReceived, DocumentUnreadable
from contracts.envelope import Cancel, Later, new_id
from contracts.tenants.v1 import CredentialsChanged
from contracts.values import BlobRef
from testkit.probe import NoteDue, Probe, create_probe
from testkit.probe.service import notes_of
from testkit.service import RunningService, running

KEY = "document.received.v1"


def document(filename: str = "scan.pdf") -> DocumentReceived:
    blob = BlobRef(key="acme/0", size=1, media_type="application/pdf")
    return DocumentReceived(
        document_id=new_id(), message_id=new_id(), filename=filename, blob=blob, received_at=datetime.now(UTC)
    )


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def fleet(probe: Probe, environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(lambda: create_probe(probe), environment) as service:
        yield service


async def noted(service: Service, document_id: str) -> bool:
    return any(note.document_id == document_id for note in await notes_of(service, "acme"))


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.05)


async def buried(service: Service, message_id: str) -> DeadLetter:
    found: list[DeadLetter] = []

    async def looked() -> bool:
        found[:] = [one for one in await service.dead_letters.listed() if one.message_id == message_id]
        return bool(found)

    await until(looked)
    return found[0]


def answers(fleet: RunningService, document_id: str) -> int:
    return sum(event.document_id == document_id for event in fleet.wire.all(DocumentUnreadable))


async def test_a_message_is_handled_and_what_follows_carries_its_story(fleet: RunningService) -> None:
    event = document()
    said = await fleet.wire.say(event, tenant_id="acme", correlation_id="story-1")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    answer = fleet.wire.heard_all[-1].envelope
    assert await noted(fleet.service, event.document_id)
    assert (answer.correlation_id, answer.causation_id, answer.tenant_id) == ("story-1", said.id, "acme")


async def test_one_trace_runs_through_what_follows(fleet: RunningService) -> None:
    event = document()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await fleet.wire.say(event, tenant_id="acme", headers={"ce-traceparent": traceparent})
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    child = fleet.wire.heard_all[-1].envelope.traceparent
    assert child is not None
    assert child.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
    assert child.split("-")[2] != "b7ad6b7169203331"


async def test_a_duplicate_costs_no_work(fleet: RunningService, probe: Probe) -> None:
    event = document()
    said = await fleet.wire.say(event, tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    await fleet.wire.say(event, tenant_id="acme", message_id=said.id)
    await until(lambda: _true(fleet.service.metrics.count(KEY, "duplicate") == 1))
    assert probe.worked[event.document_id] == 1
    assert answers(fleet, event.document_id) == 1


async def test_both_copies_of_one_message_in_one_group_have_one_effect(
    fleet: RunningService, probe: Probe
) -> None:
    gate = asyncio.Event()

    async def wait(_: DocumentReceived, __: UnitOfWork) -> None:
        await gate.wait()

    probe.work = wait
    event, message_id = document(), new_id()
    for _ in range(2):
        await fleet.wire.say(event, tenant_id="acme", message_id=message_id)
    await until(lambda: _true(probe.worked[event.document_id] == 2))
    gate.set()
    counts = fleet.service.metrics
    await until(lambda: _true(counts.count(KEY, "done") + counts.count(KEY, "duplicate") == 2))
    assert counts.count(KEY, "done") == 1
    assert answers(fleet, event.document_id) == 1


async def test_two_copies_worked_on_at_the_same_time_have_one_effect(
    probe: Probe, environment: Mapping[str, str]
) -> None:
    """Both pass the look, and each has a transaction of its own: the inbox row decides."""
    gate = asyncio.Event()

    async def wait(_: DocumentReceived, __: UnitOfWork) -> None:
        await gate.wait()

    probe.work = wait
    async with running(lambda: create_probe(probe, grouped=False), environment) as fleet:
        event, message_id = document(), new_id()
        for _ in range(2):
            await fleet.wire.say(event, tenant_id="acme", message_id=message_id)
        await until(lambda: _true(probe.worked[event.document_id] == 2))
        gate.set()
        counts = fleet.service.metrics
        await until(lambda: _true(counts.count(KEY, "done") + counts.count(KEY, "duplicate") == 2))
        await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
        await asyncio.sleep(0.5)
        assert answers(fleet, event.document_id) == 1


async def test_one_bad_unit_in_a_group_of_64_harms_no_other(fleet: RunningService, probe: Probe) -> None:
    events = [document("bad.pdf" if place == 17 else f"{place}.pdf") for place in range(64)]
    gate = asyncio.Event()

    async def wait(_: DocumentReceived, __: UnitOfWork) -> None:
        await gate.wait()

    def refuse(event: DocumentReceived) -> None:
        if event.filename == "bad.pdf":
            raise NeverRetry("this one can never be kept")

    probe.work, probe.fail_write = wait, refuse
    said = [await fleet.wire.say(event, tenant_id="acme") for event in events]
    await until(lambda: _true(len(probe.worked) == 64))
    gate.set()
    letter = await buried(fleet.service, said[17].id)
    await until(lambda: _true(fleet.service.metrics.count(KEY, "done") == 63))
    assert letter.error == "this one can never be kept"
    kept = {note.document_id for note in await notes_of(fleet.service, "acme")}
    assert {event.document_id for event in events} - kept == {events[17].document_id}


async def test_a_handler_that_fails_twice_succeeds_at_the_third_attempt(
    fleet: RunningService, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LADDER", (0.1, 0.1, 0.1))

    async def fail_twice(_: DocumentReceived, unit: UnitOfWork) -> None:
        if unit.attempt < 3:
            raise ValueError("an unexpected failure")

    probe.work = fail_twice
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    assert probe.attempts == [1, 2, 3]


async def test_a_vendor_that_names_a_time_is_asked_again_then(fleet: RunningService, probe: Probe) -> None:
    asked: list[datetime] = []

    async def busy(_: DocumentReceived, unit: UnitOfWork) -> None:
        asked.append(datetime.now(UTC))
        if unit.attempt == 1:
            raise RetryLater("the vendor is busy", after=2.0)

    probe.work = busy
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    assert asked[1] - asked[0] >= timedelta(seconds=2)


async def test_what_fails_again_and_again_is_a_dead_letter_with_its_attempts(
    fleet: RunningService, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LADDER", (0.05, 0.05))

    async def fail(_: DocumentReceived, __: UnitOfWork) -> None:
        raise RetryLater("the vendor never answers")

    probe.work = fail
    said = await fleet.wire.say(document(), tenant_id="acme")
    letter = await buried(fleet.service, said.id)
    assert (letter.attempts, letter.error_kind) == (3, "RetryLater")


async def test_a_poison_message_is_a_dead_letter_at_once_and_can_be_mended_and_replayed(
    fleet: RunningService, probe: Probe
) -> None:
    event = document()
    body = json.loads(event.model_dump_json())
    del body["filename"]
    said = await fleet.wire.say(event, tenant_id="other")
    headers = {**said.headers(), "ce-id": "poison-1", "ce-tenantid": "acme"}
    await fleet.wire.say_raw(KEY, headers, json.dumps(body).encode(), "poison-1")
    letter = await buried(fleet.service, "poison-1")
    assert letter.attempts == 1
    assert "filename: Field required" in letter.error
    assert "scan" not in letter.error
    await fleet.service.desk.mend(letter.id, {**body, "filename": "mended.pdf"}, by="a test")
    await fleet.service.desk.replay(letter.id, by="a test", action=new_id())
    await until(lambda: noted(fleet.service, event.document_id))
    assert probe.worked[event.document_id] == 2  # once for each tenant


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"{}"),
        ({"ce-id": "x", "ce-type": KEY, "ce-source": "test", "ce-specversion": "1.0"}, b"{}"),
        ({"ce-id": "x", "ce-time": "no time"}, b"\xff\xfe not json"),
    ],
)
async def test_what_is_no_message_of_ours_is_a_dead_letter_and_the_queue_goes_on(
    fleet: RunningService, headers: dict[str, str], body: bytes
) -> None:
    message_id = new_id()
    await fleet.wire.say_raw(KEY, headers | ({"ce-id": message_id} if headers else {}), body, message_id)
    letter = await buried(fleet.service, message_id)
    assert letter.error_kind == "InvalidEnvelope"
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)


async def test_two_unreadable_messages_without_an_id_are_two_dead_letters(fleet: RunningService) -> None:
    dead_letters, queue = fleet.service.dead_letters, f"nobody.{new_id()}"
    for body in (b"one", b"another", b"one"):
        await dead_letters.bury(
            queue=queue, routing_key=KEY, message_id="", headers={}, body=body, error=ValueError("no message"), attempts=1
        )  # fmt: skip
    kept = [letter.body for letter in await dead_letters.listed() if letter.queue == queue]
    assert sorted(kept) == [b"another", b"one"]


async def test_a_deadlock_is_resolved_without_working_again(
    probe: Probe, environment: Mapping[str, str]
) -> None:
    victims = 0

    def be_the_victim_once(_: DocumentReceived) -> None:
        nonlocal victims
        victims += 1
        if victims == 1:
            raise asyncpg.DeadlockDetectedError("chosen as the victim")

    probe.fail_write = be_the_victim_once
    async with running(lambda: create_probe(probe, grouped=False), environment) as fleet:
        event = document()
        await fleet.wire.say(event, tenant_id="acme")
        await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    assert (probe.worked[event.document_id], probe.attempts) == (1, [1])


async def test_a_parked_message_goes_on_when_the_credentials_change(
    fleet: RunningService, probe: Probe
) -> None:
    refused = True

    async def sign_in(_: DocumentReceived, __: UnitOfWork) -> None:
        if refused:
            raise NeedsTenant("the password is wrong", credential="smtp")

    probe.work = sign_in
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await until(lambda: _true(fleet.service.metrics.count(KEY, "parked") == 1))
    await fleet.wire.say(CredentialsChanged(tenant_id="acme", credential="imap"), tenant_id="acme")
    await fleet.wire.say(CredentialsChanged(tenant_id="other", credential="smtp"), tenant_id="other")
    await until(lambda: _true(fleet.service.metrics.count("credentials.changed.v1", "done") == 2))
    await asyncio.sleep(OWN_SECONDS + 1.5)  # longer than the sweeper leaves any row alone
    assert probe.worked[event.document_id] == 1
    refused = False
    await fleet.wire.say(CredentialsChanged(tenant_id="acme", credential="smtp"), tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    assert probe.worked[event.document_id] == 2


async def test_a_parked_message_whose_release_was_missed_is_tried_again(
    fleet: RunningService, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The credential changed while the attempt that failed still used the old one: nobody tells of it again."""
    monkeypatch.setattr(hearing, "PARKED_SECONDS", 0.5)

    async def sign_in(_: DocumentReceived, __: UnitOfWork) -> None:
        if probe.worked.total() == 1:
            raise NeedsTenant("the password is wrong", credential="smtp")

    probe.work = sign_in
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    assert probe.attempts == [1, 1]


async def test_a_crash_between_commit_and_publish_has_one_effect(
    fleet: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: Relay, rows: list[OutboxRow]) -> list[asyncio.Future[None]]:
        assert rows
        return []

    monkeypatch.setattr(Relay, "submit", crash)
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await until(lambda: noted(fleet.service, event.document_id))
    monkeypatch.undo()
    assert answers(fleet, event.document_id) == 0
    await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    await asyncio.sleep(1.5)
    assert answers(fleet, event.document_id) == 1


async def test_a_redelivery_after_the_commit_has_one_effect(
    probe: Probe, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        """As if the process had died before it acknowledged."""

    event = document()
    async with running(lambda: create_probe(probe), environment) as first:
        monkeypatch.setattr(Acknowledgements, "add", lose)
        await first.wire.say(event, tenant_id="acme")
        await until(lambda: _true(first.service.metrics.count(KEY, "done") == 1))
    monkeypatch.undo()
    async with running(lambda: create_probe(probe), environment) as second:
        await until(lambda: _true(second.service.metrics.count(KEY, "duplicate") == 1))
        assert second.service.metrics.count(KEY, "done") == 0
        assert answers(second, event.document_id) == 0
    assert probe.worked[event.document_id] == 1


async def test_a_timer_fires_once_after_a_restart_and_a_cancelled_one_never(
    probe: Probe, environment: Mapping[str, str]
) -> None:
    kept, cancelled, mark = new_id(), new_id(), new_id()
    soon = datetime.now(UTC) + timedelta(seconds=3)
    async with running(lambda: create_probe(probe), environment) as first:
        async with first.service.units.begin("acme") as transaction:
            transaction.say(Later(NoteDue(document_id=kept), soon, f"key-{kept}"))
            transaction.say(Later(NoteDue(document_id=cancelled), soon, f"key-{cancelled}"))
        async with first.service.units.begin("acme") as transaction:
            transaction.say(Cancel(f"key-{cancelled}"))
    assert probe.rung == []
    async with running(lambda: create_probe(probe), environment) as second:
        async with second.service.units.begin("acme") as transaction:
            transaction.say(Later(NoteDue(document_id=mark), soon + timedelta(seconds=1), f"key-{mark}"))
        await until(lambda: _true(mark in probe.rung))
    assert probe.rung == [kept, mark]


async def test_a_later_timer_of_the_same_key_takes_the_place_of_the_earlier(
    fleet: RunningService, probe: Probe
) -> None:
    early, late = new_id(), new_id()
    async with fleet.service.units.begin("acme") as transaction:
        transaction.say(
            Later(NoteDue(document_id=early), datetime.now(UTC) + timedelta(seconds=2), "one-key")
        )
    async with fleet.service.units.begin("acme") as transaction:
        transaction.say(Later(NoteDue(document_id=late), datetime.now(UTC) + timedelta(seconds=2), "one-key"))
    await until(lambda: _true(late in probe.rung))
    assert early not in probe.rung


async def test_a_shutdown_settles_what_was_taken(probe: Probe, environment: Mapping[str, str]) -> None:
    begun = asyncio.Event()

    async def slow(_: DocumentReceived, __: UnitOfWork) -> None:
        begun.set()
        await asyncio.sleep(1.0)

    probe.work = slow
    event = document()
    async with running(lambda: create_probe(probe), environment) as first:
        await first.wire.say(event, tenant_id="acme")
        await begun.wait()
    async with running(lambda: create_probe(probe), environment) as second:
        assert await noted(second.service, event.document_id)
        await asyncio.sleep(0.5)
    assert probe.worked[event.document_id] == 1


async def test_what_ends_the_process_again_and_again_is_a_dead_letter(
    fleet: RunningService, probe: Probe
) -> None:
    """The broker's delivery limit hands it to the dead-letter exchange, and the service keeps it with its reason."""
    event = document()
    message_id = new_id()
    said = await fleet.wire.say(event, tenant_id="someone")
    headers = {**said.headers(), "ce-id": message_id, "ce-tenantid": "acme"}
    await until(lambda: _true(probe.worked[event.document_id] == 1))
    await _put_aside(fleet, event, headers, queue=f"probe.{KEY}")
    await until(lambda: noted(fleet.service, event.document_id))
    assert probe.worked[event.document_id] == 2


async def test_what_was_put_aside_from_a_queue_that_nobody_hears_any_more_is_a_dead_letter_of_that_queue(
    fleet: RunningService, probe: Probe
) -> None:
    event = document()
    said = await fleet.wire.say(event, tenant_id="someone")
    await until(lambda: _true(probe.worked[event.document_id] == 1))
    gone = "probe.document.received.v0"
    await _put_aside(fleet, event, {**said.headers(), "ce-id": new_id()}, queue=gone)

    async def buried() -> bool:
        return any(letter.queue == gone for letter in await fleet.service.dead_letters.listed())

    await until(buried)
    letter = next(one for one in await fleet.service.dead_letters.listed() if one.queue == gone)
    assert letter.error_kind == "NobodyHears"
    assert probe.worked[event.document_id] == 1


async def test_a_fault_in_a_write_that_looks_like_an_outage_is_an_attempt(
    fleet: RunningService, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what the database's driver raises is our own outage; a missing file is a fault like any other."""

    monkeypatch.setattr(hearing, "LADDER", (0.1, 0.1))

    def fail(_: DocumentReceived) -> None:
        if probe.attempts[-1] < 2:
            raise FileNotFoundError("a template that is not there")

    probe.fail_write = fail
    event = document()
    await fleet.wire.say(event, tenant_id="acme")
    await until(lambda: noted(fleet.service, event.document_id))
    assert probe.attempts == [1, 2]


async def test_one_tenants_flood_lets_the_other_tenants_through(fleet: RunningService, probe: Probe) -> None:
    gate = asyncio.Event()

    async def wait(_: DocumentReceived, unit: UnitOfWork) -> None:
        if unit.tenant_id == "flood":
            await gate.wait()

    probe.work = wait
    event = document()
    try:
        for _ in range(31):
            await fleet.wire.say(document(), tenant_id="flood")
        await fleet.wire.say(event, tenant_id="acme")
        await fleet.wire.heard(DocumentUnreadable, lambda answer: answer.document_id == event.document_id)
    finally:
        gate.set()


async def _put_aside(
    fleet: RunningService, event: DocumentReceived, headers: Mapping[str, str], *, queue: str
) -> None:
    """As the broker does with what a queue delivered again and again."""
    async with await aio_pika.connect_robust(fleet.service.broker.url) as connection:
        exchange = await (await connection.channel()).get_exchange("frontdesk.dead")
        message = aio_pika.Message(
            event.model_dump_json().encode(), headers={**headers, "x-first-death-queue": queue},
            message_id=headers["ce-id"],
        )  # fmt: skip
        await exchange.publish(message, routing_key="probe")


async def _true(truth: bool) -> bool:
    return truth
