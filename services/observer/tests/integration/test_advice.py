"""Advice and reports from the outside: a busy service is measured, advised, scaled, checked; what is slow is reported."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from contracts.envelope import new_id
from contracts.operations.v1 import ReportPublished, ScalingRecommended
from frontdesk.stack import Stack, place_of_its_own
from observer.adapters.advice_store import StoredAdvice, StoredReports
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.adapters.span_store import PostgresSpanStore
from observer.app import create_service
from observer.application.forget_advice import ForgetAdvice
from observer.domain import simulation as play
from observer.domain.advice import Advice
from observer.domain.explanation import Texts
from observer.domain.sampling import KeptStory
from observer.domain.series import INFINITE, Sample, Series
from observer.domain.spans import SECOND, StorySpan
from testkit.service import RunningService, running
from testkit.stack import name_of_this_session

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, INFINITE)
MESSAGE = "document.received.v1"
STEP = timedelta(seconds=15)
MEAN, RATE = 0.4, 2.3
ROUTE = {
    "service": "reporting",
    "instance": "r:1",
    "method": "GET",
    "route": "/api/v1/journal",
    "status": "200",
}


@dataclass
class Moment:
    """The clock that advice goes by."""

    now: datetime = datetime(2026, 11, 28, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def moment() -> Moment:
    return Moment()


@pytest.fixture(scope="module")
async def observer(
    environment: dict[str, str], stack: Stack, moment: Moment
) -> AsyncIterator[RunningService]:
    """The Observer, which looks at nobody: what it knows is what the tests measured.

    In a database of its own: its clock is another than that of the other tests, whose advice would come from its future.
    """
    quiet = {
        "OBSERVER_ADVICE_SECONDS": "0.4", "OBSERVER_METRICS_SECONDS": "3600", "OBSERVER_ROUND_SECONDS": "3600",
        "OBSERVER_SCALING": '{"ocr": {"maximum": 4, "target_seconds": 3}}', "OBSERVER_BEAT_SECONDS": "3600",
    }  # fmt: skip
    with place_of_its_own(stack, name_of_this_session()) as place:
        async with running(lambda: create_service(clock=moment), environment | place | quiet) as service:
            yield service


@pytest.fixture(scope="module")
def store(observer: RunningService, moment: Moment) -> DatabaseSeries:
    return DatabaseSeries(
        observer.service.database, Kept(timedelta(hours=6), timedelta(days=14), timedelta(days=400)), moment
    )


def measured(since: datetime, length: timedelta, *, replicas: int, seed: int) -> list[tuple[Series, Sample]]:
    """What a service of that many replicas, one message at a time each, shows every 15 seconds under one load."""
    random = Random(seed)
    came = list(play.steady(random, rate=RATE, count=int(RATE * length.total_seconds())))
    done = play.simulate(came, play.lognormal(random, MEAN, 0.6), servers=replicas)
    of = {"service": "ocr", "message": MESSAGE, "instance": f"ocr:{seed}"}
    begins = sorted((one.arrived + one.waited, one.waited) for one in done)
    ends = sorted((one.arrived + one.sojourn, one.served) for one in done)
    waited, served, found = Counted(), Counted(), list[tuple[Series, Sample]]()
    for index in range(int(length / STEP) + 1):
        at, now = since + index * STEP, index * STEP.total_seconds()
        waited.take(begins, until=now)
        served.take(ends, until=now)
        values = {
            Series.of("frontdesk_messages_handled_total", {**of, "outcome": "done"}, "counter"): served.seen,
            Series.of("frontdesk_message_seconds_squared_total", of, "counter"): served.squares,
            Series.of("frontdesk_message_servers", of): 1,
            Series.of("frontdesk_queue_ready", {"service": "ocr", "queue": f"ocr.{MESSAGE}"}): (
                bisect_right(came, now) - served.seen
            ),
            **{
                Series.of("frontdesk_replica_up", {"service": "ocr", "instance": f"ocr:{one}"}): 1
                for one in range(replicas)
            },
        }
        found += [(series, Sample(at, float(value))) for series, value in values.items()]
        found.append(served.sample("frontdesk_message_seconds", of, at))
        found.append(waited.sample("frontdesk_message_wait_seconds", of, at))
    return found


@dataclass
class Counted:
    """A histogram that grows."""

    counts: list[float] = field(default_factory=lambda: [0.0] * len(BOUNDS))
    seen: int = 0
    total: float = 0.0
    squares: float = 0.0

    def take(self, moments: list[tuple[float, float]], *, until: float) -> None:
        """Count the values of the moments up to `until` that were not counted yet."""
        while self.seen < len(moments) and moments[self.seen][0] <= until:
            self.add(moments[self.seen][1])

    def add(self, value: float) -> None:
        """Count one."""
        for place in range(bisect_left(BOUNDS, value), len(BOUNDS)):
            self.counts[place] += 1
        self.seen, self.total, self.squares = self.seen + 1, self.total + value, self.squares + value * value

    def sample(self, name: str, labels: dict[str, str], at: datetime) -> tuple[Series, Sample]:
        """What it shows now."""
        return Series.of(name, labels, "histogram", BOUNDS), Sample(at, self.total, tuple(self.counts))


async def eventually(observer: RunningService, path: str, good: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(20):
        while True:
            answer = await observer.http.get(path)
            if answer.status_code == 200 and good(answer.json()):
                return answer.json()
            await asyncio.sleep(0.1)


async def test_an_unknown_service_and_one_that_nobody_saw_are_no_number_for_an_autoscaler(
    observer: RunningService,
) -> None:
    unknown = await observer.http.get("/internal/scaling/nobody")
    unseen = await observer.http.get("/internal/scaling/ocr")
    stranger = await observer.http.get("/internal/scaling/ocr", headers={"Authorization": "Bearer wrong"})

    assert (unknown.status_code, unseen.status_code, stranger.status_code) == (404, 503, 401)
    assert unknown.headers["content-type"] == "application/problem+json"


async def test_a_busy_service_is_advised_scaled_and_the_advice_held_against_what_came(
    observer: RunningService, store: DatabaseSeries, moment: Moment
) -> None:
    busy_since = moment.now - timedelta(minutes=25)
    await store.keep(measured(busy_since, timedelta(minutes=35), replicas=1, seed=1))
    await store.roll_up(busy_since)
    before = await eventually(observer, "/internal/scaling/ocr", lambda found: found["replicas"] == 1)
    moment.now += timedelta(minutes=10)

    told = await observer.wire.heard(ScalingRecommended, lambda event: event.service == "ocr")
    wanted = await eventually(observer, "/internal/scaling/ocr", lambda found: found["replicas"] == 2)
    scaled_at = moment.now + timedelta(minutes=1)
    await store.keep(measured(scaled_at, timedelta(minutes=44), replicas=2, seed=2))
    await store.roll_up(busy_since)
    moment.now = scaled_at + timedelta(minutes=44)
    checked = await eventually(
        observer, "/api/v1/fleet/advice?service=ocr", lambda found: any(one["outcome"] for one in found)
    )

    assert before["since"] is None or "begun" in before["reason"]["en"]
    assert (told.current, told.replicas) == (1, 2)
    assert told.reason.de.startswith("ocr: +1 Replikat → p95 ")
    assert told.message == MESSAGE
    assert told.p95_seconds is not None
    assert told.at_least_seconds is not None
    assert told.at_most_seconds is not None
    assert told.expected_p95_seconds is not None
    assert told.at_least_seconds < told.expected_p95_seconds < told.at_most_seconds
    assert told.p95_seconds > 3 > told.expected_p95_seconds
    assert wanted["reason"]["en"].startswith("ocr: +1 replica → p95 ")
    [advice] = [one for one in checked if one["outcome"]]
    assert advice["verdict"] == "out"
    assert advice["p95_now"] > 3 > advice["p95_predicted"]
    assert advice["inputs"]["rate"] == pytest.approx(RATE, rel=0.1)
    assert advice["inputs"]["service_mean"] == pytest.approx(MEAN, rel=0.05)
    assert abs(advice["outcome"]["error"]) < 20
    assert abs(advice["outcome"]["model_error"]) < 20


async def test_what_became_slow_is_reported_with_its_beginning_and_validated_by_the_same_measurement(
    observer: RunningService, store: DatabaseSeries, moment: Moment
) -> None:
    began, slow_since = moment.now - timedelta(hours=24), moment.now - timedelta(hours=6)
    await store.keep(requests(began, moment.now, lambda at: 0.9 if at >= slow_since else 0.12))
    await store.roll_up(began)

    await PostgresSpanStore(observer.service.database).keep(
        [story("s-slow", moment.now, 1.7), story("s-slower", moment.now, 2.5), story("s-before", began, 9.0)]
    )

    made = (await observer.http.post("/api/v1/fleet/reports")).json()
    published = await observer.wire.heard(ReportPublished, lambda event: event.report_id == made["report_id"])
    [finding] = [one for one in made["findings"] if one["kind"] == "slow_endpoint"]
    place = f"/api/v1/fleet/reports/{made['report_id']}"
    done = await observer.http.post(f"{place}/findings/{finding['finding_id']}/done")
    again = await observer.http.post(f"{place}/findings/{finding['finding_id']}/done")
    mended_at, moment.now = moment.now, moment.now + timedelta(hours=4)
    await store.keep(requests(mended_at, moment.now, lambda _: 0.12, seed=5))
    await store.roll_up(mended_at)
    later = (await observer.http.post("/api/v1/fleet/reports")).json()
    found = (await observer.http.get(place)).json()

    assert published.summary.en == made["summary"]["en"]
    assert (finding["service"], finding["subject"]) == ("reporting", "GET /api/v1/journal")
    assert abs(datetime.fromisoformat(finding["since"]) - slow_since) <= timedelta(minutes=31)
    assert finding["gain"]["now"] > finding["gain"]["then"]
    assert finding["evidence"][0]["reference"].startswith("frontdesk_http_request_seconds{")
    traces = [one for one in finding["evidence"] if one["kind"] == "trace"]
    assert [one["reference"] for one in traces] == ["s-slower", "s-slow"]
    assert traces[0]["text"]["en"] == f"Trace {'s-slower':0>32}: took 2.5 s"
    assert (done.status_code, again.status_code) == (200, 409)
    [validated] = [one for one in found["findings"] if one["finding_id"] == finding["finding_id"]]
    assert (validated["state"], validated["comparison"]["judgement"]) == ("validated", "improved")
    assert later["report_id"] != made["report_id"]


def story(story_id: str, until: datetime, seconds: float) -> KeptStory:
    """A kept story of one request to the slow endpoint, which began a minute before that."""
    began = int((until - timedelta(minutes=1)).timestamp() * SECOND)
    span = StorySpan(
        f"{story_id:0>32}", f"{story_id:0>16}", None, "reporting", "GET /api/v1/journal", "server", began,
        began + int(seconds * SECOND), attributes={"frontdesk.correlation_id": story_id},
    )  # fmt: skip
    return KeptStory(story_id, (span,), failed=False, slow=True)


def requests(
    since: datetime, until: datetime, seconds: Callable[[datetime], float], seed: int = 4
) -> list[tuple[Series, Sample]]:
    """Twenty requests every three minutes, as their histogram shows them."""
    random, found, counted, at = Random(seed), list[tuple[Series, Sample]](), Counted(), since
    while at < until:
        for _ in range(20):
            counted.add(random.lognormvariate(0, 0.25) * seconds(at))
        found.append(counted.sample("frontdesk_http_request_seconds", ROUTE, at))
        at += timedelta(minutes=3)
    return found


async def test_a_report_is_read_as_json_markdown_html_and_pdf(observer: RunningService) -> None:
    [newest, *_] = (await observer.http.get("/api/v1/fleet/reports")).json()
    place = f"/api/v1/fleet/reports/{newest['report_id']}"

    markdown = await observer.http.get(place, params={"format": "md", "language": "de"})
    html = await observer.http.get(
        place, headers={"Accept": "text/html,application/xhtml+xml", "Accept-Language": "en"}
    )
    pdf = await observer.http.get(place, params={"format": "pdf"})
    odd = await observer.http.get(place, headers={"Accept": "image/png"})
    unknown = await observer.http.get("/api/v1/fleet/reports/none")

    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "## Befunde" in markdown.text
    assert html.headers["content-type"].startswith("text/html")
    assert '<html lang="en">' in html.text
    assert pdf.content.startswith(b"%PDF-")
    assert (odd.status_code, unknown.status_code) == (406, 404)


async def test_advice_of_another_version_is_left_out_and_hides_no_other(
    observer: RunningService, moment: Moment
) -> None:
    stored, words = StoredAdvice(observer.service.units), Texts("Regen", "rain")
    because: Any = "weather"
    for reason in ("spare", because):
        await stored.keep(Advice(new_id(), "odd", moment.now, "hold", reason, 1, 1, words))

    shown = await observer.http.get("/api/v1/fleet/advice?service=odd")

    assert shown.status_code == 200
    assert [one["because"] for one in shown.json()] == ["spare"]


async def test_what_is_too_old_is_forgotten_but_the_advice_that_still_holds(
    observer: RunningService, moment: Moment
) -> None:
    stored, words = StoredAdvice(observer.service.units), Texts("Regen", "rain")
    given = [
        Advice(new_id(), "old", moment.now - timedelta(days=days), verdict, "spare", 1, 1, words)
        for days, verdict in ((4, "hold"), (3, "out"), (2, "out"), (1, "hold"), (0, "hold"))
    ]
    for one in given:
        await stored.keep(one)
    reports = {one["report_id"] for one in (await observer.http.get("/api/v1/fleet/reports")).json()}
    forget = ForgetAdvice(stored, StoredReports(observer.service.units), moment, timedelta(days=400))

    # The Observer's own timer goes by the same clock and may be quicker: what is there counts, not who removed it.
    await forget()
    young = (await observer.http.get("/api/v1/fleet/advice?service=old")).json()
    moment.now += timedelta(days=401)
    await forget()
    after = (await observer.http.get("/api/v1/fleet/advice?service=old")).json()
    left = {one["report_id"] for one in (await observer.http.get("/api/v1/fleet/reports")).json()}
    async with observer.service.database.connection() as connection:
        findings = await connection.execute(text("select distinct report_id from findings"))

    assert len(young) == len(given)
    assert [one["advice_id"] for one in after] == [given[4].advice_id, given[2].advice_id]
    assert reports
    assert reports & (left | set(findings.scalars())) == set()
