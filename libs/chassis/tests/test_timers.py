"""Timers that are set anew at an awkward moment."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.outbox import OutboxRow
from contracts.envelope import new_id
from testkit.probe import Probe, create_probe
from testkit.service import RunningService, running


@pytest.fixture
async def fleet(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    async with running(lambda: create_probe(Probe()), environment) as service:
        yield service


async def test_a_timer_that_is_set_anew_while_the_old_one_is_published_is_not_lost(
    fleet: RunningService,
) -> None:
    outbox, database = fleet.service.outbox, fleet.service.database
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    old = OutboxRow(
        new_id(),
        "timer.note",
        {},
        b"{}",
        "acme",
        "probe.timer.note",
        publish_at=in_an_hour,
        timer_key=f"key-{new_id()}",
    )
    async with database.connection() as connection:
        await outbox.add(connection, [old])
    anew = replace(old, message_id=new_id(), id=0)
    async with database.connection() as connection:
        await outbox.add(connection, [anew])
    await outbox.remove([old])  # what the relay does once the broker has confirmed the old one
    async with database.connection() as connection:
        kept = await connection.execute(
            outbox.table.select().where(outbox.table.c.timer_key == old.timer_key)
        )
        assert [row.message_id for row in kept] == [anew.message_id]
        await outbox.cancel(connection, "acme", str(old.timer_key))
