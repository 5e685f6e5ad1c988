"""The broker has the queues that the code declares, and a running service a consumer on each of its own, on no other."""

import asyncio
from collections.abc import Callable
from importlib.metadata import entry_points
from urllib.parse import quote, urlsplit

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractRobustChannel

from chassis import Service
from contracts.routing import dead_queue
from frontdesk.generate.fleet import GROUP
from frontdesk.stack import Stack
from testkit.service import RunningService, environ, running

NAMES = sorted(point.name for point in entry_points(group=GROUP))
STARTED = ["reporting", "conversation"]
"""Two suffice: the loop is the chassis's. One hears everything, one a command."""


def maker(name: str) -> Callable[[], Service]:
    (point,) = entry_points(group=GROUP, name=name)
    create: Callable[[], Service] = point.load()
    return create


@pytest.mark.parametrize("name", NAMES)
async def test_every_declared_hearing_is_a_queue_on_the_broker(
    environment: dict[str, str], name: str
) -> None:
    with environ(environment):
        service = maker(name)()

    declared = await service.declare()

    assert sorted(declared) == sorted(
        [*(hearing.queue(name) for hearing in service.router.hearings), dead_queue(name)]
    )
    assert len(set(declared)) == len(service.router.hearings) + 1
    async with await aio_pika.connect_robust(environment["AMQP_URL"]) as connection:
        channel = await connection.channel()
        for queue in declared:
            await channel.declare_queue(queue, passive=True)


@pytest.mark.parametrize("name", NAMES)
async def test_declaring_again_changes_nothing(environment: dict[str, str], name: str) -> None:
    with environ(environment):
        service = maker(name)()

    assert await service.declare() == await service.declare()


@pytest.mark.parametrize("name", STARTED)
async def test_each_declared_subscriber_has_a_live_consumer_and_none_runs_undeclared(
    environment: dict[str, str], stack: Stack, name: str
) -> None:
    async with running(maker(name), environment) as started:
        own = sorted(
            [*(hearing.queue(name) for hearing in started.service.router.hearings), dead_queue(name)]
        )
        async with await aio_pika.connect_robust(environment["AMQP_URL"]) as connection:
            channel = await connection.channel()
            async with asyncio.timeout(30):
                # /readyz answers for the hearings alone: the crash guard may take its queue up a moment later.
                while not all([await consumers_of(channel, queue) for queue in own]):
                    await asyncio.sleep(0.05)
            counts = {queue: await consumers_of(channel, queue) for queue in own}

        assert counts == dict.fromkeys(own, 1)
        assert await consumed_queues(started, stack, environment["AMQP_URL"]) == (
            own,
            len(started.service.router.news),
        )


async def consumers_of(channel: AbstractRobustChannel, queue: str) -> int:
    found = await channel.declare_queue(queue, passive=True)
    count = found.declaration_result.consumer_count
    assert count is not None
    return count


async def consumed_queues(started: RunningService, stack: Stack, amqp_url: str) -> tuple[list[str], int]:
    """The durable queues that the service's connections consume, and how many of its own it has for news."""
    service = started.service
    wanted = len(service.router.hearings) + 1 + len(service.router.news)
    assert stack.management_url is not None, "give RABBITMQ_MANAGEMENT_URL beside AMQP_URL"
    address = urlsplit(stack.management_url)
    vhost = quote(urlsplit(amqp_url).path.removeprefix("/") or "/", safe="%")
    async with httpx.AsyncClient(
        base_url=f"http://{address.hostname}:{address.port}",
        auth=(address.username or "", address.password or ""),
        trust_env=False,
    ) as management, asyncio.timeout(30):  # fmt: skip
        while True:
            answer = await management.get(f"/api/consumers/{vhost}")
            answer.raise_for_status()
            queues = [
                consumer["queue"]["name"]
                for consumer in answer.json()
                if consumer["queue"]["name"].startswith(f"{service.name}.")
            ]
            if len(queues) >= wanted:  # the management learns of consumers a moment late
                break
            await asyncio.sleep(0.2)
    news = [queue for queue in queues if queue.startswith(f"{service.name}.news.")]
    return sorted(set(queues) - set(news)), len(news)
