"""Series in the Observer's schema: what is read back over any window is what was measured, whatever table it comes from."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chassis.migration import migrate
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.app import create_service
from observer.application.read_series import ReadSeries
from observer.domain.series import INFINITE, Sample, Selector, Series, Span, increase, increases
from testkit.service import environ

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
BOUNDS = (0.1, 0.5, INFINITE)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CPU = Series.of("cpu", {"process": "p1"})
TALL = Series.of("cpu", {"process": "p2"})
REQUESTS = Series.of("requests_total", {"service": "ocr", "instance": "a:1"}, "counter")
SECONDS = Series.of("request_seconds", {"service": "ocr", "instance": "a:1"}, "histogram", BOUNDS)


@pytest.fixture(scope="module")
async def store(environment: dict[str, str]) -> AsyncIterator[DatabaseSeries]:
    """Two hours of samples, one each 15 seconds, with a restart of the process at 12:40:30."""
    with environ(environment):
        service = create_service()
    await migrate(service)
    async with service.database.connection() as connection:
        for table in ("series", "samples", "minutes", "hours"):
            await connection.execute(text(f"delete from {table}"))
    store = DatabaseSeries(service.database, Kept(3 * HOUR, 48 * HOUR, 1000 * HOUR), lambda: NOON + 2 * HOUR)
    await store.keep(samples())
    await store.roll_up(NOON)
    yield store
    await service.database.close()


def samples() -> list[tuple[Series, Sample]]:
    dice = random.Random(7)
    found: list[tuple[Series, Sample]] = []
    requests, counts, total = 1000.0, (0.0, 0.0, 0.0), 0.0
    for place in range(480):
        at = NOON + 15 * SECOND * place
        if place == 162:
            requests, counts, total = 0.0, (0.0, 0.0, 0.0), 0.0
        requests += dice.randrange(4)
        new = sorted(dice.randrange(3) for _ in range(3))
        counts = (counts[0] + new[0], counts[1] + new[1], counts[2] + new[2])
        total += new[2] * 0.3
        found += [
            (CPU, Sample(at, float(dice.randrange(100)))),
            (TALL, Sample(at, 1.0)),
            (REQUESTS, Sample(at, requests)),
            (SECONDS, Sample(at, total, counts)),
        ]
    return found


def of(series: Series, since: datetime, until: datetime) -> list[Sample]:
    return [sample for one, sample in samples() if one == series and since <= sample.at < until]


WINDOWS = pytest.mark.parametrize(
    ("since", "step"),
    [(NOON + 35 * MINUTE, 30 * SECOND), (NOON, 5 * MINUTE), (NOON, HOUR)],
    ids=["raw", "minutes", "hours"],
)


@WINDOWS
async def test_a_gauge_is_its_mean_in_every_step(
    store: DatabaseSeries, since: datetime, step: timedelta
) -> None:
    span = Span(since, since + 2 * step, step)

    (line,) = await store.window(Selector("cpu", {"process": "p1"}), span)

    assert [point.at for point in line.points] == span.steps
    for point in line.points:
        measured = [sample.value for sample in of(CPU, point.at, point.at + step)]
        assert point.value == pytest.approx(sum(measured) / len(measured))


@WINDOWS
async def test_what_a_counter_rose_is_counted_over_a_restart(
    store: DatabaseSeries, since: datetime, step: timedelta
) -> None:
    span = Span(since, since + 2 * step, step)

    (line,) = await store.increases(Selector("requests_total", {"service": ["ocr", "crm"]}), span)

    for point in line.points:
        before = of(REQUESTS, point.at - HOUR, point.at)
        rose = increase(
            before[-1].value if before else None,
            [sample.value for sample in of(REQUESTS, point.at, point.at + step)],
        )
        assert point.value == rose


@WINDOWS
async def test_what_a_histogram_counted_is_counted_over_a_restart(
    store: DatabaseSeries, since: datetime, step: timedelta
) -> None:
    found = await store.distributions(Selector("request_seconds"), Span(since, since + 2 * step, step))

    assert len(found) == 2
    for one in found:
        before = of(SECONDS, one.at - HOUR, one.at)
        inside = of(SECONDS, one.at, one.at + step)
        assert one.counts == increases(
            before[-1].counts if before else None, [sample.counts for sample in inside]
        )
        assert one.total == pytest.approx(
            increase(before[-1].value if before else None, [sample.value for sample in inside])
        )


async def test_a_restart_is_counted_from_nothing(store: DatabaseSeries) -> None:
    restart = NOON + 40 * MINUTE + 30 * SECOND

    (line,) = await store.increases(Selector("requests_total"), Span.whole(restart, restart + SECOND))

    assert line.last == of(REQUESTS, restart, restart + SECOND)[0].value < 4


async def test_rolling_up_again_and_keeping_again_change_nothing(store: DatabaseSeries) -> None:
    span = Span(NOON, NOON + 2 * HOUR, HOUR)
    before = await store.increases(Selector("requests_total"), span)

    await store.keep(samples())
    await store.roll_up(NOON + 50 * MINUTE)

    assert await store.increases(Selector("requests_total"), span) == before


async def test_a_quantile_is_of_all_replicas_together(store: DatabaseSeries) -> None:
    other = Series.of("request_seconds", {"service": "ocr", "instance": "b:1"}, "histogram", BOUNDS)
    await store.keep(
        [(other, Sample(NOON + place * MINUTE, place * 50.0, (0, 0, 100.0 * place))) for place in (0, 1, 2)]
    )

    (alone,) = await ReadSeries(store).quantile(
        Selector("request_seconds", {"instance": "a:1"}),
        0.1,
        Span.whole(NOON, NOON + 3 * MINUTE),
        by=("service",),
    )
    (all_,) = await ReadSeries(store).quantile(
        Selector("request_seconds"), 0.1, Span.whole(NOON, NOON + 3 * MINUTE), by=("service",)
    )

    assert alone.last is not None
    assert alone.last < 0.5 == all_.last
    assert all_.series.labels == (("service", "ocr"),)


async def test_what_is_too_old_is_dropped_and_only_that(store: DatabaseSeries) -> None:
    gone = Series.of("gone", {"process": "p9"})
    await store.keep([(replace(gone), Sample(NOON - 2000 * HOUR, 1.0))])

    dropped = await store.forget(raw=NOON + HOUR, minutes=NOON + 30 * MINUTE, hours=NOON - 1000 * HOUR)

    assert dropped > 240
    assert await store.find(Selector("gone")) == []
    (line,) = await store.window(Selector("cpu", {"process": "p2"}), Span(NOON, NOON + 2 * HOUR, HOUR))
    assert [point.value for point in line.points] == [1.0, 1.0]
    assert await store.window(Selector("cpu"), Span(NOON, NOON + 10 * MINUTE, 30 * SECOND)) == []
