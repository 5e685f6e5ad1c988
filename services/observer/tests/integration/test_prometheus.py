"""Both ways to read series answer the same over the same data: a real Prometheus scrapes a real exposition."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client import Gauge
from sqlalchemy import text

from chassis.migration import migrate
from observer.adapters.exposition import samples_of
from observer.adapters.prometheus import PrometheusSeries
from observer.adapters.series_store import DatabaseSeries, Kept
from observer.app import create_service
from observer.application.ports import SeriesReader, WatchOutage
from observer.application.read_series import ReadSeries
from observer.domain.series import Selector, Span, merged
from testkit.door import served
from testkit.replica import FakeReplica
from testkit.service import environ, free_port

HOUR = timedelta(hours=1)
REQUESTS = Selector("frontdesk_http_request_seconds", {"service": ["ocr", "crm-sync"]})
WAITING = Selector("frontdesk_level", {"service": "ocr"})
TRACE = "0af7651916cd43dd8448eb211c80319c"
SAID = Selector("frontdesk_messages_published_total", {"service": "ocr"})


@dataclass
class Both:
    """The two readers, and the time in which there is something to read."""

    readers: tuple[SeriesReader, SeriesReader]
    span: Span
    prometheus: str


@pytest.fixture(scope="module")
async def both(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    """Six seconds of traffic, read every 200 ms by Prometheus and by the Observer's own reader."""
    program = shutil.which("prometheus")
    assert program, "Prometheus is not installed: run make setup"
    replica, folder, port = FakeReplica("ocr", "p1"), tmp_path_factory.mktemp("prometheus"), free_port()
    with environ(environment):
        service = create_service()
    await migrate(service)
    own = DatabaseSeries(service.database, Kept(HOUR, HOUR, HOUR))
    async with service.database.connection() as connection:
        for table in ("series", "samples", "minutes", "hours"):
            await connection.execute(text(f"delete from {table}"))
    async with served(replica.routes()) as url:
        (folder / "prometheus.yml").write_text(configuration(url.partition("://")[2]))
        running = await asyncio.create_subprocess_exec(
            program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
            "--enable-feature=exemplar-storage",
        )  # fmt: skip
        reader = PrometheusSeries(f"http://127.0.0.1:{port}", seconds=5)
        try:
            await until_ready(port)
            span = await traffic(replica, url, own)
            yield Both((own, reader), span, f"http://127.0.0.1:{port}")
        finally:
            running.terminate()
            await running.wait()
            await reader.close()
            await service.database.close()


def configuration(target: str) -> str:
    job = {
        "job_name": "frontdesk",
        "scrape_interval": "200ms",
        "scrape_timeout": "200ms",
        "honor_labels": True,
        "static_configs": [{"targets": [target]}],
    }
    return json.dumps({"scrape_configs": [job]})


async def until_ready(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(20):
        while True:
            try:
                # It begins to scrape some seconds after it is ready.
                answer = await http.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": "up"})
                if answer.is_success and answer.json()["data"]["result"]:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


async def traffic(replica: FakeReplica, url: str, own: DatabaseSeries) -> Span:
    """Ten requests, two messages a fifth of a second, until six seconds of it are in both."""
    metrics = replica.metrics
    for _ in range(10):  # the first is where counting begins: Prometheus does not see it rise
        metrics.requested("GET", "/api/v1/leads", 200, 0.03)
    metrics.published("a.b.v1")
    Gauge("frontdesk_level", "How high.", ("service",), registry=replica.own).labels("ocr").set(4)
    async with httpx.AsyncClient(trust_env=False) as http:
        began = datetime.now(UTC)
        while (at := datetime.now(UTC)) - began < timedelta(seconds=7):
            exposed = (await http.get(f"{url}/metrics")).text
            await own.keep(samples_of(exposed, at, instance=url.partition("://")[2], process="p1"))
            for seconds in (0.003, 0.02, 0.03, 0.04, 0.2, 0.2, 0.4, 0.7, 0.7, 3.0):
                metrics.requested("GET", "/api/v1/leads", 200, seconds, TRACE if seconds == 3.0 else None)
            metrics.published("a.b.v1")
            await asyncio.sleep(0.2)
    since = began + timedelta(seconds=1)
    return Span(since, since + timedelta(seconds=5), timedelta(seconds=5))


async def test_both_find_the_same_series(both: Both) -> None:
    for selector in (REQUESTS, WAITING, SAID):
        own, prometheus = [list(await reader.find(selector)) for reader in both.readers]
        assert own == prometheus
        assert len(own) == 1


async def test_both_tell_the_same_mean_rate_and_quantile(both: Both) -> None:
    found: list[tuple[float, ...]] = []
    for reader in both.readers:
        read = ReadSeries(reader)
        (mean,) = await read.window(WAITING, both.span, by=("service",))
        (rate,) = await read.rate(SAID, both.span, by=("service",))
        (middle,) = await read.quantile(REQUESTS, 0.5, both.span, by=("service", "route"))
        (high,) = await read.quantile(REQUESTS, 0.95, both.span, by=("service", "route"))
        (counted,) = merged(await reader.distributions(REQUESTS, both.span), ("service",))
        assert counted.mean is not None
        assert mean.points[0].at == both.span.since
        assert middle.series.labels == (("route", "/api/v1/leads"), ("service", "ocr"))
        found.append((mean.last or 0, rate.last or 0, middle.last or 0, high.last or 0, counted.mean))
    own, prometheus = found

    assert own[0] == prometheus[0] == 4.0
    # Prometheus extrapolates to the edges of the window: by at most one of some twenty-five scrapes on either side.
    assert own[1] == pytest.approx(prometheus[1], rel=0.2)
    assert own[2:] == pytest.approx(prometheus[2:], rel=0.05)


async def test_labels_that_look_like_a_pattern_are_meant_literally(both: Both) -> None:
    for reader in both.readers:
        assert await reader.find(Selector(SAID.name, {"service": [".*", 'o"cr']})) == []
        assert await reader.find(Selector(SAID.name, {"service": ".cr"})) == []


async def test_a_slow_bucket_leads_to_the_trace_of_a_request_that_fell_into_it(both: Both) -> None:
    """Prometheus asks for OpenMetrics, which has exemplars; the Observer's own reader read the plain text all the while."""
    asked = {
        "query": "histogram_quantile(0.95, sum by (service, le) (rate(frontdesk_http_request_seconds_bucket[5m])))",
        "start": str((both.span.since - HOUR).timestamp()), "end": str((both.span.until + HOUR).timestamp()),
    }  # fmt: skip
    async with httpx.AsyncClient(base_url=both.prometheus, trust_env=False) as http:
        found = (await http.get("/api/v1/query_exemplars", params=asked)).json()["data"]

    exemplars = [exemplar for series in found for exemplar in series["exemplars"]]
    assert {exemplar["labels"]["trace_id"] for exemplar in exemplars} == {TRACE}
    assert {exemplar["value"] for exemplar in exemplars} == {"3"}
    assert {series["seriesLabels"]["le"] for series in found} == {"5.0"}


async def test_a_prometheus_that_is_not_there_is_said() -> None:
    reader = PrometheusSeries(f"http://127.0.0.1:{free_port()}", seconds=1)
    with pytest.raises(WatchOutage, match="Prometheus does not answer"):
        await reader.find(SAID)
    await reader.close()
