"""Our own outages: the broker and the database restarted under load, and away for two minutes."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import aio_pika
import pytest

from chassis.effects import Remembered
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import Envelope, new_id
from contracts.routing import EXCHANGE
from contracts.values import BlobRef
from frontdesk.stack import Stack, load_environment
from testkit.probe import Probe, create_probe
from testkit.probe.service import notes_of
from testkit.service import running

KEY = "document.received.v1"
TWO_MINUTES = 120.0


@pytest.fixture(scope="module")
def second_stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    alone = Stack.at(pytestconfig.rootpath / ".local" / "test-outage-database", given={})
    alone.start()
    yield alone
    alone.stop()


def environment_of(stack: Stack, blobs: Path) -> dict[str, str]:
    return load_environment(stack.folder, given={}) | {"BLOB_URL": blobs.as_uri()}


class Flood:
    """Says messages as long as it may, each until the broker confirms it."""

    def __init__(self, amqp_url: str, tenant_id: str) -> None:
        self._amqp_url = amqp_url
        self._tenant_id = tenant_id
        self.said: list[str] = []
        self.over = asyncio.Event()

    async def run(self, pause: float) -> None:
        connection = await aio_pika.connect_robust(self._amqp_url, reconnect_interval=0.5)
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EXCHANGE)
            while not self.over.is_set():
                document_id = new_id()
                await self._until_confirmed(exchange, document_id)
                self.said.append(document_id)
                await asyncio.sleep(pause)

    async def _until_confirmed(self, exchange: aio_pika.abc.AbstractExchange, document_id: str) -> None:
        blob = BlobRef(key=f"{self._tenant_id}/0", size=1, media_type="application/pdf")
        event = DocumentReceived(
            document_id=document_id, message_id=new_id(), filename="a.pdf", blob=blob, received_at=datetime.now(UTC)
        )  # fmt: skip
        envelope = Envelope(
            new_id(), KEY, "test", event.ce_subject, datetime.now(UTC), self._tenant_id, new_id()
        )  # fmt: skip
        message = aio_pika.Message(
            event.model_dump_json().encode(), headers=dict(envelope.headers()), message_id=envelope.id,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )  # fmt: skip
        while True:
            try:
                await exchange.publish(message, routing_key=KEY, timeout=5)
            except (aio_pika.exceptions.AMQPError, ConnectionError, TimeoutError, RuntimeError):
                await asyncio.sleep(0.2)
            else:
                return


async def survive(stack: Stack, blobs: Path, strike: Callable[[], None], *, pause: float) -> None:
    """Run the probe under load while `strike` does its worst; everything said has one effect, nothing is dead."""
    tenant_id = new_id()
    probe = Probe()
    async with running(lambda: create_probe(probe), environment_of(stack, blobs)) as fleet:
        await asyncio.sleep(
            1.5
        )  # a quorum queue of RabbitMQ 3.10 that was just declared does not survive a kill
        flood = Flood(stack.amqp_url, tenant_id)
        flooding = asyncio.create_task(flood.run(pause))
        await asyncio.sleep(2)
        await asyncio.to_thread(strike)
        await asyncio.sleep(3)
        flood.over.set()
        await flooding
        async with asyncio.timeout(90):
            while len(await notes_of(fleet.service, tenant_id)) < len(flood.said):
                await asyncio.sleep(0.2)
        assert {note.document_id for note in await notes_of(fleet.service, tenant_id)} == set(flood.said)
        assert [
            letter for letter in await fleet.service.dead_letters.listed() if letter.tenant_id == tenant_id
        ] == []
        async with asyncio.timeout(60):
            while (await fleet.service.outbox.state())[0]:
                await asyncio.sleep(0.2)
        assert max(probe.attempts) == 1
        assert len(flood.said) > 20


@pytest.mark.outage
@pytest.mark.timeout(400)
async def test_the_broker_restarted_under_load_loses_nothing(own_stack: Stack, tmp_path: Path) -> None:
    def restart() -> None:
        own_stack.broker.stop()
        own_stack.broker.start()

    await survive(own_stack, tmp_path, restart, pause=0.01)


@pytest.mark.outage
@pytest.mark.timeout(400)
async def test_the_database_restarted_under_load_loses_nothing(own_stack: Stack, tmp_path: Path) -> None:
    def restart() -> None:
        own_stack.postgres.kill()
        own_stack.postgres.start()

    await survive(own_stack, tmp_path, restart, pause=0.01)


@pytest.mark.outage
@pytest.mark.timeout(400)
async def test_what_an_effect_returned_while_the_database_was_down_is_remembered(
    own_stack: Stack, tmp_path: Path
) -> None:
    """Otherwise a mail that was accepted would be told as uncertain."""

    async def back_later() -> None:
        await asyncio.sleep(3)
        await asyncio.to_thread(own_stack.postgres.start)

    async with running(lambda: create_probe(Probe()), environment_of(own_stack, tmp_path)) as fleet:
        coming: list[asyncio.Task[None]] = []

        async def call() -> Remembered:
            await asyncio.to_thread(own_stack.postgres.kill)
            coming.append(asyncio.create_task(back_later()))
            return {"id": "mail-1"}

        async def nothing_to_look_at() -> Remembered | None:
            raise AssertionError("the result was known")

        async def call_again() -> Remembered:
            raise AssertionError("it was done")

        effects = fleet.service.effects
        assert await effects.once("acme", "mail", look_up=nothing_to_look_at, call=call) == {"id": "mail-1"}
        await asyncio.gather(*coming)
        assert await effects.once("acme", "mail", look_up=nothing_to_look_at, call=call_again) == {
            "id": "mail-1"
        }


@pytest.mark.outage
@pytest.mark.timeout(600)
async def test_two_minutes_without_broker_or_database_make_no_dead_letter(
    own_stack: Stack, second_stack: Stack, tmp_path: Path
) -> None:
    """Both outages at once, each on a stack of its own: waiting is all there is to do."""
    from threading import Event

    def without_broker() -> None:
        own_stack.broker.stop()
        Event().wait(TWO_MINUTES)
        own_stack.broker.start()

    def without_database() -> None:
        second_stack.postgres.stop()
        Event().wait(TWO_MINUTES)
        second_stack.postgres.start()

    await asyncio.gather(
        survive(own_stack, tmp_path / "a", without_broker, pause=0.05),
        survive(second_stack, tmp_path / "b", without_database, pause=0.5),
    )


def test_the_environment_of_a_stack_is_its_own(own_stack: Stack, environment: Mapping[str, str]) -> None:
    assert load_environment(own_stack.folder, given={})["AMQP_URL"] != environment["AMQP_URL"]
