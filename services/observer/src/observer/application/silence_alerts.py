"""Silences, made and ended by people; they hold in memory when the database is away."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from contracts.envelope import new_id
from observer.application.changes import Changed, Changes
from observer.application.ports import Clock, SilenceRecords
from observer.domain.silences import Matchers, Silence

LONGEST = timedelta(days=30)


class NoSuchSilence(Exception):
    """There is no silence with that id."""


@dataclass(slots=True)
class Silences:
    """The silences that are known, newest first."""

    records: SilenceRecords
    changes: Changes
    clock: Clock
    known: list[Silence] = field(default_factory=list[Silence])

    async def load(self) -> None:
        """Read those of before. Raises `WatchOutage`."""
        self.known = list(await self.records.all(ended_after=self.clock() - LONGEST))

    async def make(self, matchers: Matchers, *, ends_at: datetime, reason: str, by: str) -> Silence:
        """Silence what fits until a time. Raises `ValueError` for a time that is over or too far, `WatchOutage`."""
        now = self.clock()
        if not now < ends_at <= now + LONGEST:
            raise ValueError(f"a silence ends in the future, within {LONGEST.days} days")
        silence = Silence(new_id(), matchers, now, ends_at, reason, by, now)
        await self.records.keep(silence)
        self.known.insert(0, silence)
        self.changes.tell(Changed("silence", now, state="made"))
        return silence

    async def end(self, silence_id: str, *, by: str) -> Silence:
        """End a silence now; one that is over stays as it is. Raises `NoSuchSilence`, `WatchOutage`."""
        now = self.clock()
        place = next((i for i, one in enumerate(self.known) if one.silence_id == silence_id), None)
        if place is None:
            raise NoSuchSilence(f"there is no silence {silence_id}")
        silence = self.known[place]
        if silence.ends_at <= now:
            return silence
        ended = replace(silence, ends_at=now, ended_by=by)
        await self.records.keep(ended)
        self.known[place] = ended
        self.changes.tell(Changed("silence", now, state="ended"))
        return ended
