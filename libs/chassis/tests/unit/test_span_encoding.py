"""Our encoding of spans says what the SDK's own does, of every kind of span that we make and of those that we do not."""

from collections.abc import Callable, Sequence

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    TraceState,
    set_span_in_context,
)

from chassis import span_encoding
from chassis.span_encoding import encoded

FAR = SpanContext(
    2**127 + 5,
    2**63 + 9,
    is_remote=True,
    trace_flags=TraceFlags(1),
    trace_state=TraceState([("a", "b"), ("c", "d")]),
)


def made(make: Callable[[TracerProvider], None]) -> list[ReadableSpan]:
    kept, provider = (
        InMemorySpanExporter(),
        TracerProvider(resource=Resource({"service.name": "ocr", "service.instance.id": "Größe"})),
    )
    provider.add_span_processor(SimpleSpanProcessor(kept))
    make(provider)
    return list(kept.get_finished_spans())


def story(provider: TracerProvider) -> None:
    told = {
        "frontdesk.tenant_id": "Müller",
        "frontdesk.attempt": 2,
        "frontdesk.waited_s": 0.25,
        "fresh": True,
    }
    tracer, other = provider.get_tracer("chassis"), provider.get_tracer("other", "1.2")
    with tracer.start_as_current_span(
        "ocr.document.received.v1", set_span_in_context(NonRecordingSpan(FAR)), SpanKind.CONSUMER, attributes=told
    ) as span:  # fmt: skip
        other.start_span("weclapp GET", kind=SpanKind.CLIENT).end()
        with tracer.start_as_current_span("inner"):
            pass
        span.set_status(Status(StatusCode.ERROR, "VendorRejected"))
    tracer.start_span("fine", kind=SpanKind.SERVER).set_status(StatusCode.OK)


def an_event(tracer: Tracer) -> None:
    span = tracer.start_span("with an event")
    span.add_event("x", {"list": ["a", "b"]})
    span.end()


def a_link(tracer: Tracer) -> None:
    tracer.start_span("linked", links=[Link(FAR, {"n": 1})]).end()


def a_list(tracer: Tracer) -> None:
    tracer.start_span("listed", attributes={"all": ["ä", "ö"], "none": ()}).end()


def read(body: bytes) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(body)


def test_a_story_of_several_tracers_reads_as_the_sdk_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = made(story)
    expected = encode_spans(spans)
    whole: list[int] = []

    def by_the_sdk(some: Sequence[ReadableSpan]) -> ExportTraceServiceRequest:
        whole.append(len(some))
        return encode_spans(some)

    monkeypatch.setattr(span_encoding, "encode_spans", by_the_sdk)

    assert len(spans) == 3
    assert read(encoded(spans)) == expected
    assert set(whole) == {1}, "the SDK's encoder made more than the frames"


@pytest.mark.parametrize("odd", [an_event, a_link, a_list])
def test_what_we_do_not_make_ourselves_is_left_to_the_sdk(odd: Callable[[Tracer], None]) -> None:
    def both(provider: TracerProvider) -> None:
        story(provider)
        odd(provider.get_tracer("chassis"))

    spans = made(both)

    assert read(encoded(spans)) == encode_spans(spans)
