"""What a span tells: why a message took as long as it did; and what is lost on the way is counted."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.calls import vendor_call
from chassis.exporting import CountedSpans
from chassis.unit import UnitOfWork
from contracts.documents.v1 import DocumentReceived, DocumentUnreadable
from contracts.envelope import new_id
from contracts.values import BlobRef
from frontdesk.fleet.roster import environ
from testkit.door import served
from testkit.probe import Probe, create_probe
from testkit.service import RunningService, running

PROBE = Probe()


@dataclass
class Sink:
    """Where spans go."""

    raw: list[Span] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        self.tokens.add(request.headers.get("authorization", ""))
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.raw.extend(scope.spans)
        return Response(b"", media_type="application/x-protobuf")

    async def named(self, name: str) -> Span:
        async with asyncio.timeout(20):
            while not (found := [span for span in self.raw if span.name.startswith(name)]):
                await asyncio.sleep(0.05)
        return found[-1]


@pytest_asyncio.fixture(scope="module")
async def sink() -> AsyncIterator[tuple[Sink, str]]:
    found = Sink()
    async with served([Route("/v1/traces", found.take, methods=["POST"])]) as url:
        yield found, url


@pytest_asyncio.fixture(scope="module")
async def fleet(environment: Mapping[str, str], sink: tuple[Sink, str]) -> AsyncIterator[RunningService]:
    own = {"OTEL_EXPORTER_OTLP_ENDPOINT": sink[1], "FRONTDESK_OTLP_TO_OBSERVER": "true",
           "FRONTDESK_SLOW_STATEMENT_SECONDS": "0.01"}  # fmt: skip
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        async with running(lambda: create_probe(PROBE), {**environment, **own}) as service:
            yield service


async def test_a_span_tells_wait_work_and_commit_and_who_was_called(
    fleet: RunningService, sink: tuple[Sink, str]
) -> None:
    async def ask(_: DocumentReceived, unit: UnitOfWork) -> None:
        with vendor_call("weclapp", "GET /party"):
            async with unit.reading() as session:
                await session.execute(text("select pg_sleep(0.05), 'anna.berger@post.example'::text"))

    PROBE.work = ask
    event = document()
    said = await fleet.wire.say(event, tenant_id="acme", correlation_id="story-7")
    await fleet.wire.heard(DocumentUnreadable, lambda heard: heard.document_id == event.document_id)

    handled = await sink[0].named("probe.document.received.v1")
    called = await sink[0].named("weclapp GET /party")
    slow = await sink[0].named("database select")

    told = attributes(handled)
    assert (told["frontdesk.correlation_id"], told["frontdesk.tenant_id"]) == ("story-7", "acme")
    assert told["messaging.message.id"] == said.id
    steps = ("waited_s", "work_s", "group_s", "commit_s", "publish_s")
    assert all(float(str(told[f"frontdesk.{step}"])) >= 0 for step in steps)
    assert called.parent_span_id == handled.span_id
    assert slow.parent_span_id == called.span_id
    assert attributes(called) == {"frontdesk.vendor": "weclapp", "frontdesk.operation": "GET /party"}
    assert sink[0].tokens == {f"Bearer {fleet.service.settings.service_token.get_secret_value()}"}


async def test_a_failed_call_of_a_vendor_is_marked_by_its_kind_alone(
    fleet: RunningService, sink: tuple[Sink, str]
) -> None:
    async def fail(_: DocumentReceived, __: UnitOfWork) -> None:
        try:
            with vendor_call("weclapp", "POST /contact"):
                raise ConnectionError("anna.berger@post.example")
        except ConnectionError:
            return

    PROBE.work = fail
    await fleet.wire.say(document(), tenant_id="acme")

    called = await sink[0].named("weclapp POST /contact")

    assert (called.status.code, called.status.message) == (2, "ConnectionError")
    assert "anna.berger" not in str(called)


async def test_what_is_measured_of_a_message_and_a_request_names_its_trace_to_who_asks_for_openmetrics(
    fleet: RunningService, sink: tuple[Sink, str]
) -> None:
    PROBE.work = None
    event = document()
    await fleet.wire.say(event, tenant_id="acme", correlation_id="story-8")
    await fleet.wire.heard(DocumentUnreadable, lambda heard: heard.document_id == event.document_id)
    await fleet.http.get("/nowhere")
    async with asyncio.timeout(20):
        while not (traces := traces_of(sink[0], "story-8")):
            await asyncio.sleep(0.05)

    asked = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    answer = await fleet.http.get("/metrics", headers=asked)
    plain = (await fleet.http.get("/metrics")).text

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    exemplars = [
        (family.name, sample.exemplar.labels["trace_id"])
        for family in openmetrics_families(answer.text)
        for sample in family.samples
        if sample.exemplar is not None
    ]
    found = dict(exemplars)
    assert {name for name, trace in exemplars if trace in traces} == {
        "frontdesk_message_seconds", "frontdesk_message_wait_seconds",
    }  # fmt: skip
    assert len(found["frontdesk_http_request_seconds"]) == 32
    assert "trace_id" not in plain
    assert list(text_string_to_metric_families(plain))


def traces_of(sink: Sink, story: str) -> set[str]:
    """The traces of a story that have arrived."""
    return {
        span.trace_id.hex() for span in sink.raw if attributes(span).get("frontdesk.correlation_id") == story
    }


def test_spans_that_find_the_queue_full_and_that_an_endpoint_refuses_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1024")
    lost: list[int] = []
    refusing = CountedSpans(_Refusing(), lost.append)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(refusing)
    tracer = provider.get_tracer("test")

    for _ in range(3000):
        tracer.start_span("x").end()
    refusing.end()

    assert sum(lost) == 3000


async def test_without_an_endpoint_nothing_is_recorded(environment: Mapping[str, str]) -> None:
    with environ(environment):
        service = create_probe(Probe())
    with service.telemetry.serving("GET", None) as span:
        assert not span.is_recording()
        with vendor_call("weclapp", "GET /party") as inner:
            assert not inner.is_recording()


def document() -> DocumentReceived:
    blob = BlobRef(key="acme/0", size=1, media_type="application/pdf")
    return DocumentReceived(
        document_id=new_id(),
        message_id=new_id(),
        filename="scan.pdf",
        blob=blob,
        received_at=datetime.now(UTC),
    )


class _Refusing(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:
        return SpanExportResult.FAILURE


def attributes(span: Span) -> dict[str, object]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes}
