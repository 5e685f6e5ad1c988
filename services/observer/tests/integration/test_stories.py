"""Spans come in by OTLP, stories that were slow or failed stay, and are shown as waterfalls to those who run the fleet."""

import asyncio
import gzip
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
import pytest_asyncio
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import CollectorRegistry

from observer.adapters.span_counts import PrometheusSpanCounts
from observer.app import create_service
from observer.application.ports import WatchOutage
from observer.application.take_spans import TakeSpans
from observer.domain.sampling import KeptStory, SamplingRules
from observer.domain.spans import StorySpan
from testkit.service import RunningService, running

PROTOBUF = {"Content-Type": "application/x-protobuf"}


@pytest_asyncio.fixture(scope="module")
async def observer(environment: Mapping[str, str]) -> AsyncIterator[RunningService]:
    own = {
        "OBSERVER_STORY_REST_SECONDS": "0.2",
        "OBSERVER_STORY_SHARE": "0",
        "OBSERVER_OTLP_MAX_BYTES": "100000",
    }
    async with running(create_service, {**environment, **own}) as service:
        yield service


async def test_a_slow_story_is_kept_and_drawn_with_the_reason_and_an_ordinary_one_is_not(
    observer: RunningService,
) -> None:
    slow, ordinary = secrets.token_hex(8), secrets.token_hex(8)
    answer = await send(observer.http, export(slow, waited=31.0), export(ordinary))
    assert answer.status_code == 200
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")

    story = await drawn(observer.http, slow)

    assert story["sentence"]["en"] == "The story took 31 s: waited 31 s in ocr's queue."
    assert (
        story["sentence"]["de"] == "Die Geschichte brauchte 31 s: 31 s gewartet in der Warteschlange von ocr."
    )
    assert [line["service"] for line in story["waterfall"]] == ["ocr"]
    assert (await observer.http.get(f"/api/v1/fleet/stories/{ordinary}")).status_code == 404
    about = await observer.http.get(
        "/api/v1/fleet/stories", params={"about": f"lead/{slow}", "tenant": "acme"}
    )
    assert [line["story_id"] for line in about.json()] == [slow]
    assert (await observer.http.get(f"/api/v1/fleet/stories/lead/{slow}")).json()["story_id"] == slow


async def test_json_with_hexadecimal_ids_is_read_as_the_specification_has_it(
    observer: RunningService,
) -> None:
    story = secrets.token_hex(8)
    began = time.time_ns()
    body = {"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "ocr"}}]},
        "scopeSpans": [{"spans": [{
            "traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8), "name": "ocr.x", "kind": 5,
            "startTimeUnixNano": str(began), "endTimeUnixNano": str(began + 1000), "status": {"code": 2, "message": "ValueError"},
            "attributes": [{"key": "frontdesk.correlation_id", "value": {"stringValue": story}},
                           {"key": "user.email", "value": {"stringValue": "anna.berger@post.example"}}],
        }]}],
    }]}  # fmt: skip
    answer = await observer.http.post("/v1/traces", json=body)
    assert (answer.status_code, answer.json()) == (200, {})

    told = await drawn(observer.http, story)

    assert (told["failed"], told["waterfall"][0]["error"]) == (True, "ValueError")
    assert "anna.berger" not in json.dumps(told)


async def test_late_spans_of_a_kept_story_are_added(observer: RunningService) -> None:
    story = secrets.token_hex(8)
    await send(observer.http, export(story, failed=True))
    await drawn(observer.http, story)
    await send(observer.http, export(story))

    async with asyncio.timeout(20):
        while len((await drawn(observer.http, story))["waterfall"]) < 2:
            await asyncio.sleep(0.05)


async def test_spans_that_are_not_valid_are_told_and_the_others_taken(observer: RunningService) -> None:
    story = secrets.token_hex(8)
    broken = export(story)
    broken.resource_spans[0].scope_spans[0].spans[0].trace_id = b"short"

    answer = await send(observer.http, broken, export(story, failed=True))

    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_spans) == (200, 1)
    assert len((await drawn(observer.http, story))["waterfall"]) == 1


BOMB = gzip.compress(b"\0" * 10_000_000)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400),
        (b"no gzip", {**PROTOBUF, "Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"x" * 50)[:-9], {**PROTOBUF, "Content-Encoding": "gzip"}, 400),
        (b"x" * 100_001, PROTOBUF, 413),
        (BOMB, {**PROTOBUF, "Content-Encoding": "gzip"}, 413),
        (b"<spans/>", {"Content-Type": "text/xml"}, 415),
        (b"", {**PROTOBUF, "Content-Encoding": "br"}, 415),
        (b"", {**PROTOBUF, "Authorization": "Bearer wrong"}, 401),
    ],
    ids=[
        "no protobuf",
        "no gzip",
        "half a gzip",
        "too large",
        "too large unpacked",
        "xml",
        "brotli",
        "a wrong token",
    ],
)
async def test_what_cannot_be_taken_is_refused_with_a_status_that_says_why(
    observer: RunningService, body: bytes, headers: Mapping[str, str], status: int
) -> None:
    answer = await observer.http.post("/v1/traces", content=body, headers=headers)

    assert answer.status_code == status
    assert Status.FromString(answer.content).message


async def test_json_that_is_none_is_refused_in_json(observer: RunningService) -> None:
    for body in (
        b"{",
        b"[]",
        b'{"resourceSpans": 7}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xy"}]}]}]}',
    ):
        answer = await observer.http.post(
            "/v1/traces", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, list(answer.json())) == (400, ["message"])


async def test_stories_are_for_those_who_run_the_fleet(observer: RunningService) -> None:
    vouched = {"X-Tenant-Id": "acme", "X-Actor": "user:1", "X-Scopes": "leads:read"}

    answer = await observer.http.get("/api/v1/fleet/stories", headers=vouched)

    assert answer.status_code == 403


async def test_while_the_database_is_away_spans_wait_bounded_and_what_is_lost_is_counted() -> None:
    store, registry = _Store(), CollectorRegistry()
    rules = SamplingRules(rest_seconds=0.0, share=0.0)
    take = TakeSpans(store, PrometheusSpanCounts(registry), rules, lambda: 0.0, waiting_spans=10)
    store.away = True
    for number in range(15):
        take.take([_failed(number)])
        await take.keep()
    assert take.full

    store.away = False
    await take.keep()

    assert [span.span_id for span in store.kept] == [f"{number}" for number in range(5, 15)]
    assert (
        registry.get_sample_value(
            "frontdesk_observer_spans_total", {"service": "observer", "outcome": "lost"}
        )
        == 5
    )
    assert not take.full


class _Store:
    """A store that can be away."""

    def __init__(self) -> None:
        self.away = False
        self.kept: list[StorySpan] = []

    async def keep(self, stories: list[KeptStory]) -> None:
        if self.away:
            raise WatchOutage("the database does not answer")
        self.kept += [span for story in stories for span in story.spans]


def _failed(number: int) -> StorySpan:
    told = {"frontdesk.correlation_id": f"story-{number}"}
    return StorySpan("t", f"{number}", None, "ocr", "x", "consumer", 0, 1, failed=True, attributes=told)


def export(story: str, *, waited: float = 0.0, failed: bool = False) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    named = resource.resource.attributes.add(key="service.name")
    named.value.string_value = "ocr"
    began = time.time_ns()
    span = resource.scope_spans.add().spans.add(
        trace_id=secrets.token_bytes(16), span_id=secrets.token_bytes(8), name="ocr.document.received.v1",
        kind=Span.SPAN_KIND_CONSUMER, start_time_unix_nano=began, end_time_unix_nano=began + 10_000_000,
    )  # fmt: skip
    told = {"correlation_id": story, "tenant_id": "acme", "subject": f"lead/{story}"}
    for name, value in told.items():
        span.attributes.add(key=f"frontdesk.{name}").value.string_value = value
    for name, seconds in {"waited_s": waited, "work_s": 0.01}.items():
        span.attributes.add(key=f"frontdesk.{name}").value.double_value = seconds
    if failed:
        span.status.code = 2
        span.status.message = "ValueError"
    return request


async def send(http: httpx.AsyncClient, *exports: ExportTraceServiceRequest) -> httpx.Response:
    merged = ExportTraceServiceRequest()
    for one in exports:
        merged.MergeFrom(one)
    body = gzip.compress(merged.SerializeToString())
    return await http.post("/v1/traces", content=body, headers={**PROTOBUF, "Content-Encoding": "gzip"})


async def drawn(http: httpx.AsyncClient, story: str) -> dict[str, object]:
    async with asyncio.timeout(20):
        while (answer := await http.get(f"/api/v1/fleet/stories/{story}")).status_code == 404:
            await asyncio.sleep(0.05)
    answer.raise_for_status()
    return answer.json()
