"""Measured series in the Observer's own schema: raw samples, and minutes and hours made of them (ADR 0022).

A sample that says nothing new need not be kept (`application.keep_series` leaves it out): a counter's rise is counted
from the sample before, which may lie up to `LOOK_BACK` earlier.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ARRAY, DateTime, Double, Integer, Text, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.errors import OurOutage
from observer.adapters.series_statements import (
    DISTRIBUTIONS,
    FIND,
    FORGET,
    FORGET_SERIES,
    INCREASES,
    KEEP,
    KEEP_SERIES,
    ROLL_UP_HOURS,
    ROLL_UP_MINUTES,
    SOURCES,
    WINDOW,
)
from observer.application.ports import Clock, WatchOutage
from observer.domain.series import (
    INFINITE,
    LOOK_BACK,
    Distribution,
    Line,
    Point,
    Sample,
    Selector,
    Series,
    Span,
)

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_Type = type[Integer | Double[float] | Text] | DateTime
_BATCH = 5000
"""Rows of one statement."""


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long samples, minutes and hours are kept."""

    raw: timedelta
    minutes: timedelta
    hours: timedelta


class DatabaseSeries:
    """The ports `SeriesReader` and `SeriesStore` on Postgres."""

    def __init__(self, database: Database, kept: Kept, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._kept = kept
        self._clock = clock
        self._ids: dict[Series, int] = {}

    async def keep(self, samples: Sequence[tuple[Series, Sample]]) -> None:
        """Keep samples, many in one statement. Raises `WatchOutage`."""
        for first in range(0, len(samples), _BATCH):
            part = samples[first : first + _BATCH]
            async with self._connection() as connection:
                await self._know(connection, [series for series, _ in part], part[-1][1].at)
                await connection.execute(
                    _typed(KEEP, ids=Integer, moments=DateTime(timezone=True), numbers=Double, counted=Text),
                    {
                        "ids": [self._ids[series] for series, _ in part],
                        "moments": [sample.at for _, sample in part],
                        "numbers": [sample.value for _, sample in part],
                        "counted": [_array(sample.counts) for _, sample in part],
                    },
                )

    async def roll_up(self, since: datetime) -> None:
        """Minutes from the minute of `since` on, then the hours they are part of. Raises `WatchOutage`."""
        minute = since.replace(second=0, microsecond=0)
        async with self._connection() as connection:
            given = {"since": minute, "look_back": minute - LOOK_BACK}
            await connection.execute(text(ROLL_UP_MINUTES), given)
            await connection.execute(text(ROLL_UP_HOURS), {"since": minute.replace(minute=0)})

    async def forget(self, *, raw: datetime, minutes: datetime, hours: datetime) -> int:
        """Drop what is too old, in a transaction for each table. Raises `WatchOutage`."""
        dropped = 0
        for table, moment in (("samples", raw), ("minutes", minutes), ("hours", hours)):
            async with self._connection() as connection:
                dropped += (await connection.execute(text(FORGET[table]), {"moment": moment})).rowcount
        async with self._connection() as connection:
            gone = await connection.execute(text(FORGET_SERIES), {"moment": hours})
            if gone.rowcount:
                self._ids.clear()
        return dropped

    async def find(self, selector: Selector) -> Sequence[Series]:
        """The series of a name and labels. Raises `WatchOutage`."""
        async with self._connection() as connection:
            return list((await self._chosen(connection, selector)).values())

    async def window(self, selector: Selector, span: Span) -> Sequence[Line]:
        """Means by step. Raises `WatchOutage`."""
        return await self._lines(WINDOW, selector, span)

    async def increases(self, selector: Selector, span: Span) -> Sequence[Line]:
        """Rises by step. Raises `WatchOutage`."""
        return await self._lines(INCREASES, selector, span)

    async def distributions(self, selector: Selector, span: Span) -> Sequence[Distribution]:
        """What histograms counted by step. Raises `WatchOutage`."""
        async with self._connection() as connection:
            chosen = await self._chosen(connection, selector)
            rows = await connection.execute(
                _typed(DISTRIBUTIONS.format(source=self._source(span)), ids=Integer), _given(chosen, span)
            )
            return [
                Distribution(
                    chosen[row.series_id],
                    row.step,
                    chosen[row.series_id].bounds,
                    tuple(row.counts),
                    row.total,
                )
                for row in rows
                if row.counts is not None
            ]

    async def _lines(self, statement: str, selector: Selector, span: Span) -> list[Line]:
        async with self._connection() as connection:
            chosen = await self._chosen(connection, selector)
            rows = await connection.execute(
                _typed(statement.format(source=self._source(span)), ids=Integer), _given(chosen, span)
            )
            points: dict[int, list[Point]] = {}
            for row in rows:
                points.setdefault(row.series_id, []).append(Point(row.step, row.value))
        return [Line(chosen[number], tuple(found)) for number, found in points.items()]

    def _source(self, span: Span) -> str:
        """The finest table that still reaches back so far, and is no finer than the question needs."""
        age, length = self._clock() - span.since, span.until - span.since
        if age <= self._kept.raw and (span.step < _MINUTE or length <= 30 * _MINUTE):
            return SOURCES["samples"]
        if age <= self._kept.minutes and (span.step < _HOUR or length <= 48 * _HOUR):
            return SOURCES["minutes"]
        return SOURCES["hours"]

    async def _chosen(self, connection: AsyncConnection, selector: Selector) -> dict[int, Series]:
        rows = await connection.execute(text(FIND), {"name": selector.name})
        found = {row.id: _series(row.name, row.labels, row.kind, row.bounds) for row in rows}
        return {number: series for number, series in found.items() if selector.takes(series)}

    async def _know(self, connection: AsyncConnection, series: Sequence[Series], at: datetime) -> None:
        """The numbers of these series, those not seen before among them."""
        new = list(dict.fromkeys(one for one in series if one not in self._ids))
        if not new:
            return
        given: dict[str, object] = {
            "names": [one.name for one in new],
            "labelled": [json.dumps(dict(one.labels)) for one in new],
            "kinds": [one.kind for one in new],
            "bounded": [_array(one.bounds[:-1]) or "{}" for one in new],
            "at": at,
        }
        statement = _typed(KEEP_SERIES, names=Text, labelled=Text, kinds=Text, bounded=Text)
        for row in await connection.execute(statement, given):
            self._ids[new[row.place - 1]] = row.id

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.connection() as connection:
                yield connection
        except OurOutage as error:
            # What was stored may be lost with the server: nothing that was known of it counts afterwards.
            self._ids.clear()
            raise WatchOutage(str(error)) from error


def _given(chosen: dict[int, Series], span: Span) -> dict[str, object]:
    return {
        "ids": list(chosen),
        "since": span.since,
        "until": span.until,
        "step": span.step,
        "look_back": span.since - LOOK_BACK,
    }


def _typed(statement: str, **arrays: _Type) -> TextClause:
    return text(statement).bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in arrays.items()))


def _array(numbers: Sequence[float]) -> str | None:
    """An array in Postgres' own words: the rows of one statement may have arrays of different lengths."""
    return "{" + ",".join(map(repr, map(float, numbers))) + "}" if numbers else None


def _series(name: str, labels: dict[str, str], kind: str, bounds: Sequence[float]) -> Series:
    if kind == "histogram":
        return Series.of(name, labels, "histogram", (*bounds, INFINITE))
    return Series.of(name, labels, "counter" if kind == "counter" else "gauge")
