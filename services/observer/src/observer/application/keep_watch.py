"""The watch itself: round after round, and the sign of life that others listen for (the dead-man's switch)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.envelope import new_id
from contracts.operations.v1 import WatchKept
from observer.application.hold_lead import HoldLead
from observer.application.judge_fleet import JudgeFleet
from observer.application.keep_series import KeepSeries
from observer.application.ports import Clock, Log, Outside, Voice, WatchOutage
from observer.application.silence_alerts import Silences
from observer.application.tell_breaches import TellBreaches
from observer.application.watch_fleet import Watched, WatchFleet


@dataclass(frozen=True, slots=True)
class Beat:
    """The sign of life: how often, and after how long its absence means something."""

    observer_id: str
    every_seconds: float = 30.0

    @property
    def next_within_seconds(self) -> float:
        """Three may be lost before anybody is woken."""
        return self.every_seconds * 3


class KeepWatch:
    """One turn of the watch: look, judge, tell, keep. Whatever fails, the next turn comes.

    One that stands by looks alone: whoever asks it sees the fleet, and it can take over within a turn.
    """

    def __init__(
        self, watch: WatchFleet, judge: JudgeFleet, tell: TellBreaches, keep: KeepSeries, silences: Silences,
        lead: HoldLead,
    ) -> None:  # fmt: skip
        self._watch = watch
        self._judge = judge
        self._tell = tell
        self._keep = keep
        self._silences = silences
        self._lead = lead
        self._silences_known = False

    async def turn(self) -> None:
        """One turn. Telling comes before keeping: a database that hangs delays no notice by more than its time limit."""
        if not await self._lead.known():
            self._tell.forget()
            self._silences_known = False
            await self._watch()
            return
        await self._know()
        sight, samples = await self._watch()
        self._judge(sight)
        await self._tell(sight.at)
        await self._keep(samples, sight.at)
        await self._keep.forget(sight.at)

    async def _know(self) -> None:
        await self._tell.load()
        if self._silences_known:
            return
        try:
            await self._silences.load()
        except WatchOutage:
            return
        self._silences_known = True


class ShowLife:
    """Says `WatchKept`, and pings whoever listens outside, as long as the watch really goes on."""

    def __init__(
        self, watched: Watched, voice: Voice, outside: Outside | None, log: Log, clock: Clock, beat: Beat
    ) -> None:
        self._begun = clock()
        self._watched = watched
        self._voice = voice
        self._outside = outside
        self._log = log
        self._clock = clock
        self.beat = beat

    async def __call__(self) -> bool:
        """Show life once; returns whether anybody was told. A watch that stands still keeps silent.

        One that has just begun has looked at nothing yet, which is no standing still.
        """
        now = self._clock()
        looked = self._watched.looked_at
        if now - (looked or self._begun) > timedelta(seconds=self.beat.every_seconds * 2):
            last = f"the last look was at {looked:%H:%M:%S}" if looked else "nothing was looked at yet"
            self._log.trouble("the watch stands still: no sign of life is given", last)
            return False
        if looked is None:
            return False
        told = await self._say(now)
        return await self._ping() or told

    async def _say(self, now: datetime) -> bool:
        event = WatchKept(
            observer_id=self.beat.observer_id, kept_at=now, next_within_seconds=self.beat.next_within_seconds,
            blind=tuple(sorted(self._watched.blind)),
        )  # fmt: skip
        try:
            await self._voice.say(new_id(), event)
        except WatchOutage as error:
            self._log.trouble("the watch is kept, which could not be said", str(error))
            return False
        return True

    async def _ping(self) -> bool:
        if self._outside is None:
            return False
        try:
            await self._outside.beat()
        except WatchOutage as error:
            self._log.trouble("whoever listens outside could not be told that the watch is kept", str(error))
            return False
        return True
