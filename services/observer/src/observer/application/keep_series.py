"""Keep what is measured: at once, or in memory while the database is away; minutes, hours, and what is too old."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from observer.application.ports import AlertRecords, Log, SeriesStore, WatchOutage
from observer.application.watch_fleet import Watched
from observer.domain.series import Sample, Series


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long what is kept."""

    raw: timedelta
    minutes: timedelta
    hours: timedelta
    alerts: timedelta
    buffer: timedelta = timedelta(minutes=15)
    """How much is held in memory while the database is away."""
    most: int = 200_000
    """How many samples at most are held then."""


class KeepSeries:
    """The store behind a buffer: what cannot be kept now is kept when the database is back.

    Without a store (a Prometheus keeps the series) nothing is kept here but alerts.
    """

    def __init__(
        self, store: SeriesStore | None, alerts: AlertRecords, watched: Watched, log: Log, keeping: Keeping
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._watched = watched
        self._log = log
        self._keeping = keeping
        self._waiting: deque[tuple[Series, Sample]] = deque(maxlen=keeping.most)
        self._refreshed_at: datetime | None = None
        self._rolled_up: datetime | None = None
        self._forgot_at: datetime | None = None
        self.away_since: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many samples are held in memory."""
        return len(self._waiting)

    def notes(self) -> list[str]:
        """What /health should say."""
        if self.away_since is None:
            return []
        return [
            f"the Observer's own database does not answer since {self.away_since:%H:%M:%S}: it watches on, "
            f"{self.waiting} samples wait in memory"
        ]

    async def __call__(self, samples: Sequence[tuple[Series, Sample]], at: datetime) -> None:
        """Keep samples; those of a source that shows nothing new are kept once a minute, as a sign of life."""
        if self._store is None:
            return
        self._waiting.extend(samples)
        if samples and (self._refreshed_at is None or at - self._refreshed_at >= timedelta(minutes=1)):
            self._waiting.extend(self._watched.recent.refreshed(at - timedelta(minutes=1)))
            self._refreshed_at = at
        while self._waiting and self._waiting[0][1].at < at - self._keeping.buffer:
            self._waiting.popleft()
        if not self._waiting:
            return
        held = list(self._waiting)
        try:
            await self._store.keep(held)
            await self._roll_up(self._store, held, at)
        except WatchOutage as error:
            if self.away_since is None:
                self.away_since = at
                self._log.trouble(
                    "measured series wait in memory: the Observer's own database is away", str(error)
                )
            self._watched.lost("postgres", at)
            return
        self._waiting.clear()
        self.away_since = None

    async def _roll_up(self, store: SeriesStore, held: Sequence[tuple[Series, Sample]], at: datetime) -> None:
        """Every half minute; after an outage from the oldest sample that waited."""
        if self._rolled_up is not None and at - self._rolled_up < timedelta(seconds=30):
            return
        since = min(min(sample.at for _, sample in held), (self._rolled_up or at) - timedelta(minutes=1))
        await store.roll_up(since)
        self._rolled_up = at

    async def forget(self, at: datetime) -> None:
        """Drop what is too old, once an hour."""
        if self._forgot_at is not None and at - self._forgot_at < timedelta(hours=1):
            return
        kept = self._keeping
        try:
            if self._store is not None:
                await self._store.forget(raw=at - kept.raw, minutes=at - kept.minutes, hours=at - kept.hours)
            await self._alerts.forget(at - kept.alerts)
        except WatchOutage as error:
            self._log.trouble("what is too old was not dropped; it is tried again", str(error))
            return
        self._forgot_at = at
