"""The dead-man's switch: the Observer says that he watches, and when he says nothing any more, staff are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from contracts.envelope import Following, Later, Timer, new_id
from contracts.operations.v1 import WatchKept
from notification.application.alert_ports import Incidents, Watches
from notification.application.hear_alerts import HearAlerts
from notification.application.ports import Session
from notification.domain.alerts import OBSERVER_SILENT, Alert, Recovery, Summary

EXPECTED = "expected"
"""In the place of an Observer that was never heard, where the settings say that there has to be one."""
_KEY = "watch"


class WatchLapsed(Timer):
    """The last sign of the Observers is older than they promised; `confirmed`: it was looked at once before."""

    aggregate: ClassVar[str] = "threshold"

    threshold: str = OBSERVER_SILENT
    confirmed: bool = False


class KeepWatch:
    """One switch over all Observers: as long as any of them is heard, somebody watches.

    Time is taken by our own clock, from when a sign was heard, so that an Observer's clock that is off raises no alarm.
    Before an alarm the queue is looked at and a moment is waited: after our own absence the signs may be in it.
    """

    def __init__(
        self, *, watches: Watches, incidents: Incidents, hear: HearAlerts, grace: timedelta, confirm: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._watches = watches
        self._incidents = incidents
        self._hear = hear
        self._grace = grace
        self._confirm = confirm
        self._now = now

    async def kept(self, session: Session, event: WatchKept) -> list[Following]:
        """An Observer lives: the timer starts anew, and a silence that was told is over."""
        now = self._now()
        lapses_at = now + timedelta(seconds=event.next_within_seconds) + self._grace
        await self._watches.lock(session)
        if not await self._watches.keep(session, event.observer_id, event.kept_at, now, lapses_at):
            return []
        await self._watches.forget(session, EXPECTED)
        following: list[Following] = [await self._armed(session, now)]
        silent = await self._incidents.lasting(session, OBSERVER_SILENT)
        if silent is not None:
            waited = (now - silent.since).total_seconds()
            following += await self._hear.end(session, silent.group, Recovery(now, waited, now), now)
        return following

    async def begin(self, session: Session, expected: timedelta | None) -> list[Following]:
        """At the start: arm the switch for what was heard before, or for an Observer that has to come."""
        now = self._now()
        await self._watches.lock(session)
        if await self._watches.last(session) is None:
            if expected is None:
                return []
            await self._watches.keep(session, EXPECTED, now, now, now + expected)
        return [await self._armed(session, now)]

    async def lapsed(self, session: Session, due: WatchLapsed, waiting: int) -> list[Following]:
        """The timer went off: unless a newer sign was heard, or `waiting` ones are in the queue, tell staff."""
        now = self._now()
        await self._watches.lock(session)
        last = await self._watches.last(session)
        if last is None:
            return []
        kept_at, lapses_at = last
        if lapses_at > now:
            return [Later(WatchLapsed(), lapses_at, _KEY)]
        if waiting or not due.confirmed:
            return [Later(WatchLapsed(confirmed=not waiting), now + self._confirm, _KEY)]
        if await self._incidents.lasting(session, OBSERVER_SILENT) is not None:
            return []
        return await self._hear.add(session, _silence(kept_at, lapses_at, now))

    async def _armed(self, session: Session, now: datetime) -> Later:
        last = await self._watches.last(session)
        return Later(WatchLapsed(), now if last is None else last[1], _KEY)


def _silence(kept_at: datetime, lapses_at: datetime, now: datetime) -> Alert:
    seconds = round((now - kept_at).total_seconds())
    return Alert(
        alert_id=new_id(), threshold=OBSERVER_SILENT, service="observer", subject=None, metric=OBSERVER_SILENT,
        value=seconds, limit=max(0, round((lapses_at - kept_at).total_seconds())), unit="s", severity="critical",
        since=kept_at, group=OBSERVER_SILENT, said_at=now, heard_at=now,
        summary=Summary(
            f"Der Observer schweigt seit {seconds} Sekunden: Niemand überwacht den Betrieb",
            f"The Observer has been silent for {seconds} seconds: nobody watches the fleet",
        ),
    )  # fmt: skip
