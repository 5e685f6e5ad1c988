"""The dead-man's switch: an Observer that is killed is told, one that lives is not, whatever happens to us meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from chassis import Service
from chassis.migration import migrate
from contracts.envelope import new_id
from contracts.operations.v1 import FLEET, ThresholdExceeded, WatchKept
from frontdesk.fleet.roster import environ
from notification.app import create_service
from testkit.mail import AcceptedMail
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running
from testkit.wire import tapped

POST = "post@betrieb.test"
LONG = 3600.0


@dataclass
class Tower:
    """Where the watch is kept: a service that can be ended and started again, and who is told."""

    sandbox: Sandbox
    environment: dict[str, str]
    email: str

    @asynccontextmanager
    async def open(self, **settings: str) -> AsyncIterator[RunningService]:
        async with running(create_service, self.environment | settings) as service:
            yield service

    async def letters(self, count: int, *, within: float = 15) -> list[str]:
        """Wait for so many letters; their texts, oldest first."""
        async with asyncio.timeout(within):
            while len(found := await self.sandbox.mail.sent(to=self.email)) < count:
                await asyncio.sleep(0.05)
        return [_text(mail) for mail in found]


@pytest.fixture(scope="module")
async def town(
    environment: Mapping[str, str], sandbox: Sandbox
) -> AsyncIterator[tuple[dict[str, str], Service]]:
    """Settings of the service, and one that is made and does not run: its tables are cleared between the tests."""
    await sandbox.reset()
    await sandbox.mail.create_mailbox(POST, "flotte")
    host, _, port = sandbox.address("smtp").rpartition(":")
    own = {
        "TENANCY_URL": "http://127.0.0.1:9",
        "NOTIFICATION_FLEET_SMTP_HOST": host,
        "NOTIFICATION_FLEET_SMTP_PORT": port,
        "NOTIFICATION_FLEET_SMTP_USERNAME": POST,
        "NOTIFICATION_FLEET_SMTP_PASSWORD": "flotte",
        "NOTIFICATION_FLEET_SMTP_SENDER": POST,
        "NOTIFICATION_FLEET_SMTP_CA_FILE": sandbox.address("ca"),
        "NOTIFICATION_ALERT_WINDOW_SECONDS": "0",
        "NOTIFICATION_ALERT_UPDATE_SECONDS": "0",
        "NOTIFICATION_WATCH_GRACE_SECONDS": "0.2",
        "NOTIFICATION_WATCH_CONFIRM_SECONDS": "0.3",
    }
    settings = {**environment, **own}
    with environ(settings):
        at_rest = create_service()
    await migrate(at_rest)
    yield settings, at_rest
    await at_rest.database.close()


@pytest.fixture
async def tower(town: tuple[dict[str, str], Service], sandbox: Sandbox) -> Tower:
    settings, at_rest = town
    email = f"wache-{new_id()[-12:]}@betrieb.test"
    await sandbox.mail.create_mailbox(email, "flotte")
    async with at_rest.database.transaction(FLEET) as session:
        for statement in (
            "delete from notification.watches",
            "delete from notification.outbox where timer_key = 'watch'",
        ):
            await session.execute(text(statement))  # pyright: ignore[reportDeprecated]
    return Tower(sandbox, settings | {"NOTIFICATION_STAFF_EMAIL": email}, email)


def sign(observer: str = "one", *, within: float = LONG) -> WatchKept:
    return WatchKept(observer_id=observer, kept_at=datetime.now(UTC), next_within_seconds=within)


def breach() -> ThresholdExceeded:
    name = new_id()
    return ThresholdExceeded.model_validate(
        {
            "alert_id": name, "threshold": "t", "metric": "m", "value": 2, "limit": 1, "unit": "1",
            "severity": "critical", "since": datetime.now(UTC), "group": name,
            "summary": {"de": f"Zaun {name}", "en": f"Fence {name}"},
        }
    )  # fmt: skip


async def test_an_observer_that_is_killed_is_told_once_and_so_is_that_he_is_back(tower: Tower) -> None:
    async with tower.open() as service:
        await service.wire.say(sign(within=0.2), tenant_id=FLEET)
        [silent] = await tower.letters(1)
        assert "Der Observer schweigt seit" in silent
        assert "Was zu tun ist" in silent
    async with tower.open() as service:
        # The start arms the switch anew: it goes off at once, is looked at twice, and says nothing more.
        await timers(service, 0)
        await service.wire.say(sign("another"), tenant_id=FLEET)
        _, back = await tower.letters(2)
        assert "Der Observer überwacht den Betrieb wieder." in back


async def test_of_several_observers_one_is_enough(tower: Tower) -> None:
    async with tower.open() as service:
        await service.wire.say(sign("one", within=0.2), tenant_id=FLEET)
        await timers(service, 1, beyond=0)
        await service.wire.say(sign("another"), tenant_id=FLEET)
        await timers(service, 1, beyond=LONG / 2)
        await service.wire.say(sign("one", within=0.1), tenant_id=FLEET)
        await service.wire.say(breach(), tenant_id=FLEET)
        [only] = await tower.letters(1)
        assert "Zaun" in only
        await timers(service, 1, beyond=LONG / 2)


async def test_signs_that_waited_while_we_were_away_raise_no_alarm(tower: Tower) -> None:
    async with tower.open() as service:
        await service.wire.say(sign(within=0.3), tenant_id=FLEET)
        await timers(service, 1, beyond=0)
    async with tapped(tower.environment["AMQP_URL"]) as wire:
        await wire.say(sign(), tenant_id=FLEET)
        await asyncio.sleep(0.6)
    async with tower.open() as service:
        await timers(service, 1, beyond=LONG / 2)
        await service.wire.say(breach(), tenant_id=FLEET)
        [only] = await tower.letters(1)
        assert "Zaun" in only


async def test_an_observer_that_never_came_is_told_where_one_has_to_be(tower: Tower) -> None:
    async with tower.open(NOTIFICATION_WATCH_EXPECTED_SECONDS="0.3") as service:
        [silent] = await tower.letters(1)
        assert "Der Observer schweigt seit" in silent
        await service.wire.say(sign(), tenant_id=FLEET)
        await tower.letters(2)


async def test_a_restart_in_between_neither_loses_a_notice_nor_repeats_it(tower: Tower) -> None:
    before, after = breach(), breach()
    kept = f"select 1 from notification.alerts where alert_id = '{before.alert_id}'"
    async with tower.open(NOTIFICATION_ALERT_WINDOW_SECONDS="0.8") as service:
        await service.wire.say(before, tenant_id=FLEET)
        await until(lambda: found(service, kept))
    async with tower.open() as service:
        await tower.letters(1)
        await service.wire.say(after, tenant_id=FLEET)
        letters = await tower.letters(2)
        assert [before.summary.de in letter for letter in letters] == [True, False]
        assert after.summary.de in letters[1]


def _text(mail: AcceptedMail) -> str:
    part = mail.message.get_body(("plain",))
    assert part is not None
    content: str = part.get_content()
    return content


async def timers(service: RunningService, count: int, *, beyond: float = -LONG) -> None:
    """Wait until so many timers of the switch stand there, set to more than these seconds from now."""
    statement = (
        "select 1 from (select count(*) as timers from notification.outbox where timer_key = 'watch' "
        f"and publish_at > now() + interval '{beyond} seconds') found where timers = {count}"
    )
    await until(lambda: found(service, statement))


async def found(service: RunningService, statement: str) -> bool:
    async with service.service.database.transaction(FLEET) as session:
        return (await session.execute(text(statement))).first() is not None  # pyright: ignore[reportDeprecated]


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await reached():
            await asyncio.sleep(0.05)
