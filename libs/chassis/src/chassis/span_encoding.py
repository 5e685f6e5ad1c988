"""Spans as OTLP's protobuf, for those that the chassis makes: an eighth of the time that the SDK's general encoder takes.

ADR 0038. The form is the OpenTelemetry protocol's `trace.proto`; what a span of ours never has (events, links, lists among its
attributes) is left to the SDK's encoder, and a test holds both to the same bytes' meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, SpanFlags
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import StatusCode


def encoded(spans: Sequence[ReadableSpan]) -> bytes:
    """An `ExportTraceServiceRequest` of spans that one process made."""
    if not spans or not all(_is_plain(span) for span in spans):
        return encode_spans(spans).SerializeToString()
    # The frame (resource, scope) is the SDK's; our spans are added to it.
    request, groups = ExportTraceServiceRequest(), dict[InstrumentationScope | None, ScopeSpans]()
    for span in spans:
        group = groups.get(span.instrumentation_scope)
        if group is None:
            framed = encode_spans([span]).resource_spans[0]
            del framed.scope_spans[0].spans[:]
            if request.resource_spans:
                request.resource_spans[0].scope_spans.append(framed.scope_spans[0])
            else:
                request.resource_spans.append(framed)
            group = groups[span.instrumentation_scope] = request.resource_spans[0].scope_spans[-1]
        _add(group, span)
    return request.SerializeToString()


def _is_plain(span: ReadableSpan) -> bool:
    return not (span.events or span.links or span.dropped_attributes) and all(
        isinstance(value, str | int | float) for value in (span.attributes or {}).values()
    )


def _add(group: ScopeSpans, span: ReadableSpan) -> None:
    context, parent = span.get_span_context(), span.parent
    assert context is not None
    made = group.spans.add(
        trace_id=context.trace_id.to_bytes(16),
        span_id=context.span_id.to_bytes(8),
        trace_state=",".join(f"{key}={value}" for key, value in context.trace_state.items()),
        name=span.name,
        kind=span.kind.value + 1,  # pyright: ignore[reportArgumentType] — OTLP's number is the SDK's and one, for "unspecified"
        start_time_unix_nano=span.start_time or 0,
        end_time_unix_nano=span.end_time or 0,
        flags=SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK,
    )
    if parent is not None:
        made.parent_span_id = parent.span_id.to_bytes(8)
        if parent.is_remote:
            made.flags |= SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
    status = span.status
    if status.status_code is StatusCode.UNSET:
        made.status.SetInParent()
    else:
        made.status.code = status.status_code.value  # pyright: ignore[reportAttributeAccessIssue] — the same numbers
        made.status.message = status.description or ""
    _describe(made, span)


def _describe(made: Span, span: ReadableSpan) -> None:
    for key, value in (span.attributes or {}).items():
        pair: KeyValue = made.attributes.add(key=key)
        if isinstance(value, str):
            pair.value.string_value = value
        elif isinstance(value, bool):
            pair.value.bool_value = value
        elif isinstance(value, int):
            pair.value.int_value = value
        elif isinstance(value, float):
            pair.value.double_value = value
