"""OTLP 1.x: exported spans read from protobuf or its JSON form, and what is answered.

JSON differs from protobuf's own mapping in one thing: trace and span ids are hexadecimal (OpenTelemetry protocol
specification, "JSON Protobuf Encoding"). Attributes that we do not know are left out: others' may hold personal data.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping

from google.protobuf.json_format import MessageToJson, ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from observer.domain.spans import Kind, StorySpan, Value

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_KINDS: Mapping[int, Kind] = {
    Span.SPAN_KIND_SERVER: "server",
    Span.SPAN_KIND_CLIENT: "client",
    Span.SPAN_KIND_PRODUCER: "producer",
    Span.SPAN_KIND_CONSUMER: "consumer",
}
_KNOWN = (
    "frontdesk.",
    "messaging.",
    "db.system.name",
    "db.query.text",
    "http.response.status_code",
    "error.type",
)
_LENGTH = 300
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


class UnreadableExport(ValueError):
    """What was sent is no export of spans."""


def read_export(body: bytes, media_type: str) -> tuple[list[StorySpan], int]:
    """The spans of an export, and how many were not valid. Raises `UnreadableExport`."""
    try:
        if media_type == JSON:
            told = _with_ids(json.loads(body))
            if not isinstance(told, dict):
                raise UnreadableExport("the body is no JSON object")
            request = ParseDict(told, ExportTraceServiceRequest(), ignore_unknown_fields=True)  # pyright: ignore[reportUnknownArgumentType] — any JSON
        else:
            request = ExportTraceServiceRequest.FromString(body)
    except (DecodeError, ParseError, ValueError, RecursionError) as error:
        raise UnreadableExport(f"the body is no ExportTraceServiceRequest ({type(error).__name__})") from None
    found: list[StorySpan] = []
    invalid = 0
    for resource in request.resource_spans:
        told = _values(resource.resource.attributes, ("service.",))
        service, process = str(told.get("service.name", "")), str(told.get("service.instance.id", ""))
        for scope in resource.scope_spans:
            for span in scope.spans:
                if len(span.trace_id) != 16 or len(span.span_id) != 8 or not any(span.trace_id):
                    invalid += 1
                else:
                    found.append(_span(span, service, process))
    return found, invalid


def answer(media_type: str, rejected: int) -> bytes:
    """What a sender is told: all is well, or how many spans were not valid."""
    response = ExportTraceServiceResponse()
    if rejected:
        response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = "spans without a trace id of 16 and a span id of 8 bytes"
    return MessageToJson(response).encode() if media_type == JSON else response.SerializeToString()


def _span(span: Span, service: str, process: str) -> StorySpan:
    return StorySpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        service=service[:100],
        name=span.name[:_LENGTH],
        kind=_KINDS.get(span.kind, "internal"),
        began=_moment(span.start_time_unix_nano),
        ended=max(_moment(span.start_time_unix_nano), _moment(span.end_time_unix_nano)),
        process=process[:100],
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        error=span.status.message[:_LENGTH],
        attributes=_values(span.attributes, _KNOWN),
    )


def _moment(nanoseconds: int) -> int:
    return min(nanoseconds, 2**63 - 1)


def _values(pairs: Iterable[KeyValue], known: tuple[str, ...]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for pair in pairs:
        if not pair.key.startswith(known):
            continue
        kind = pair.value.WhichOneof("value")
        if kind == "string_value":
            # Postgres keeps no NUL.
            found[pair.key] = pair.value.string_value[:_LENGTH].replace("\0", "")
        elif kind in ("int_value", "double_value", "bool_value"):
            value: int | float | bool = getattr(pair.value, kind)
            if value == value and abs(value) != float("inf"):
                found[pair.key] = value
    return found


def _with_ids(value: object) -> object:
    """OTLP's hexadecimal ids as protobuf's own JSON has bytes."""
    if isinstance(value, list):
        return [_with_ids(item) for item in value]  # pyright: ignore[reportUnknownVariableType] — any JSON
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in _IDS and isinstance(item, str) else _with_ids(item)  # pyright: ignore[reportUnknownArgumentType]
        for key, item in value.items()  # pyright: ignore[reportUnknownVariableType] — any JSON
    }  # fmt: skip
