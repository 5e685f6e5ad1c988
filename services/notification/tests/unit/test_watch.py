"""When silence is taken for silence: the switch by itself, with what it reads in hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from contracts.envelope import Following, Later
from notification.application.alert_ports import Incidents, Watches
from notification.application.hear_alerts import HearAlerts
from notification.application.keep_watch import KeepWatch, WatchLapsed
from notification.domain.alerts import Alert

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


class Heard:
    """What was heard last, in the place of the table; and the alerts that were raised."""

    def __init__(self, lapses_in: float) -> None:
        self.known = (NOW - timedelta(seconds=90), NOW + timedelta(seconds=lapses_in))
        self.alerts: list[Alert] = []

    async def lock(self, _: object) -> None:
        return None

    async def last(self, _: object) -> tuple[datetime, datetime]:
        return self.known

    async def lasting(self, _: object, threshold: str) -> Alert | None:
        return next((alert for alert in self.alerts if alert.threshold == threshold), None)

    async def add(self, _: object, alert: Alert) -> list[Following]:
        self.alerts.append(alert)
        return []


async def lapse(heard: Heard, *, waiting: int = 0, confirmed: bool = True) -> list[Following]:
    watch = KeepWatch(
        watches=cast("Watches", heard), incidents=cast("Incidents", heard), hear=cast("HearAlerts", heard),
        grace=timedelta(seconds=30), confirm=timedelta(seconds=5), now=lambda: NOW,
    )  # fmt: skip
    return await watch.lapsed(None, WatchLapsed(confirmed=confirmed), waiting)


async def test_silence_that_was_looked_at_twice_is_told_once() -> None:
    heard = Heard(-1)
    assert await lapse(heard) == []
    assert await lapse(heard) == []
    [alert] = heard.alerts
    assert (alert.severity, alert.since, alert.value) == ("critical", NOW - timedelta(seconds=90), 90)


async def test_a_first_look_tells_nothing_and_is_followed_by_a_second() -> None:
    heard = Heard(-1)
    [again] = await lapse(heard, confirmed=False)
    assert again == Later(WatchLapsed(confirmed=True), NOW + timedelta(seconds=5), "watch")
    assert heard.alerts == []


async def test_signs_that_wait_in_the_queue_are_heard_first() -> None:
    heard = Heard(-1)
    [again] = await lapse(heard, waiting=3)
    assert again == Later(WatchLapsed(confirmed=False), NOW + timedelta(seconds=5), "watch")
    assert heard.alerts == []


async def test_an_old_timer_finds_that_a_newer_sign_was_heard() -> None:
    heard = Heard(+60)
    [again] = await lapse(heard)
    assert again == Later(WatchLapsed(), NOW + timedelta(seconds=60), "watch")
    assert heard.alerts == []
