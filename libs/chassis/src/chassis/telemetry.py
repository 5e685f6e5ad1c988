"""Traces and log lines: one trace runs from the webhook to the answer, across broker and outbox.

Spans go to an OTLP endpoint when one is set; their ids travel in `traceparent` (W3C Trace Context) in any case.
Log lines are JSON with the trace, tenant, correlation and message ids; bodies, addresses and secrets never go in.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict, WrappedLogger

from chassis.settings import Settings
from contracts.envelope import Envelope

_PROPAGATOR = TraceContextTextMapPropagator()


class Telemetry:
    """The tracer of one service."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service}), shutdown_on_exit=False
        )
        if settings.otlp_endpoint:
            endpoint = settings.otlp_endpoint.rstrip("/") + "/v1/traces"
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        self._tracer = self._provider.get_tracer("chassis")

    @contextmanager
    def handling(self, name: str, envelope: Envelope, attempt: int) -> Iterator[trace.Span]:
        """A span around the handling of a message, child of the one that said it; log lines carry its ids."""
        parent = _PROPAGATOR.extract({"traceparent": envelope.traceparent} if envelope.traceparent else {})
        with (
            structlog.contextvars.bound_contextvars(
                tenant_id=envelope.tenant_id, correlation_id=envelope.correlation_id, message_id=envelope.id
            ),
            self._tracer.start_as_current_span(name, parent, SpanKind.CONSUMER) as span,
        ):
            span.set_attribute("messaging.message.id", envelope.id)
            span.set_attribute("frontdesk.tenant_id", envelope.tenant_id)
            span.set_attribute("frontdesk.correlation_id", envelope.correlation_id)
            span.set_attribute("frontdesk.attempt", attempt)
            yield span

    @contextmanager
    def serving(self, name: str, traceparent: str | None) -> Iterator[trace.Span]:
        """A span around an HTTP request."""
        parent = _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {})
        with self._tracer.start_as_current_span(name, parent, SpanKind.SERVER) as span:
            yield span

    def shutdown(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def current_traceparent() -> str | None:
    """The `traceparent` of the span that is current, if any."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def mark_failed(span: trace.Span, error: BaseException) -> None:
    """Say on a span that its work failed; the error's kind only, for its words may hold personal data."""
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def configure_logs(level: str) -> None:
    """Set up the process's log: one JSON object a line, on standard error."""
    # Libraries log at WARNING: below it, HTTP clients write whole addresses, which may hold personal data.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_trace,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _add_trace(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = f"{context.trace_id:032x}"
        line["span_id"] = f"{context.span_id:016x}"
    return line
