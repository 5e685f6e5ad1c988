import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import aio_pika
import asyncpg
import psutil
import pytest

from frontdesk.stack import Stack


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack.at(tmp_path_factory.mktemp("first"), given={})


@pytest.fixture(scope="module", autouse=True)
def running(first: Stack):
    try:
        first.start()
        yield
    finally:
        first.clean()


async def test_both_keep_their_data_when_they_are_killed_and_when_they_are_stopped(first: Stack) -> None:
    await _say(first, "before the crash")
    await _write(first, "before the crash")

    await asyncio.sleep(1)  # RabbitMQ 3.10 forgets a queue when it is killed half a second after its making
    first.broker.kill()
    first.postgres.kill()
    assert not first.running()
    first.start()

    assert await _heard(first) == "before the crash"
    assert await _written(first) == ["before the crash"]

    await _say(first, "before the stop")
    await _write(first, "before the stop")
    address = first.amqp_url
    first.stop()
    assert _processes_of(first) == []
    first.start()

    assert first.amqp_url == address
    assert await _heard(first) == "before the stop"
    assert await _written(first) == ["before the crash", "before the stop"]


def test_a_second_start_uses_what_runs(first: Stack) -> None:
    before = _processes_of(first)

    first.start()

    assert {process.pid for process in _processes_of(first)} == {process.pid for process in before}


async def test_two_instances_run_side_by_side_and_leave_nothing_behind(
    first: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    second = Stack.at(tmp_path_factory.mktemp("second"), given={})
    # Started by another process whose output is read to its end: nothing may keep it open.
    start = (
        "import sys, pathlib, frontdesk.stack as s; s.Stack.at(pathlib.Path(sys.argv[1]), given={}).start()"
    )
    command = [sys.executable, "-c", start, str(second.folder)]
    await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=120)

    await _write(second, "in the second")
    await _say(second, "in the second")
    assert await _heard(second) == "in the second"
    assert await _written(second) == ["in the second"]
    assert "in the second" not in await _written(first)

    second.clean()
    assert _processes_of(second) == []
    assert not second.folder.exists()
    assert first.running()


def test_a_port_that_was_taken_meanwhile_is_exchanged(tmp_path: Path) -> None:
    stack = Stack.at(tmp_path, given={"AMQP_URL": "amqp://elsewhere"})
    taken = stack.database_url
    with socket.create_server(("127.0.0.1", int(taken.rpartition(":")[2].split("/")[0]))):
        stack.start()

        assert stack.postgres.running()
        assert stack.database_url != taken
    stack.clean()


def test_what_the_environment_names_is_not_started(tmp_path: Path) -> None:
    given = {"AMQP_URL": "amqp://elsewhere/", "DATABASE_URL": "postgresql://elsewhere/x"}
    stack = Stack.at(tmp_path, given=given)

    stack.start()

    assert (stack.amqp_url, stack.database_url) == (given["AMQP_URL"], given["DATABASE_URL"])
    assert _processes_of(stack) == []


async def _say(stack: Stack, text: str) -> None:
    connection = await aio_pika.connect(stack.amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(text.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue.name)


async def _heard(stack: Stack) -> str:
    connection = await aio_pika.connect(stack.amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        message = await queue.get(timeout=30)
        assert message is not None
        await message.ack()
        return message.body.decode()


async def _write(stack: Stack, text: str) -> None:
    database = await asyncpg.connect(stack.database_url)
    await database.execute("create table if not exists kept (text text)")
    await database.execute("insert into kept values ($1)", text)
    await database.close()


async def _written(stack: Stack) -> list[str]:
    database = await asyncpg.connect(stack.database_url)
    rows = await database.fetch("select text from kept") if await _has_table(database) else []
    await database.close()
    return [row["text"] for row in rows]


async def _has_table(database: asyncpg.Connection) -> bool:
    return await database.fetchval("select to_regclass('kept') is not null")


def _processes_of(stack: Stack) -> list[psutil.Process]:
    """Every process that was started for the stack: its folder is in their command, environment or working folder."""
    return [process for process in psutil.process_iter() if _mentions(process, str(stack.folder))]


def _mentions(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        said = [*process.cmdline(), process.cwd(), *process.environ().values()]
    except psutil.Error:
        return False
    return any(folder in part for part in said)
