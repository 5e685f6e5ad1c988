"""Traces and log lines: one trace runs from the webhook to the answer, across broker and outbox.

Spans go to an OTLP endpoint when one is set; their ids travel in `traceparent` (W3C Trace Context) in any case.
Log lines are JSON with the trace, tenant, correlation and message ids; bodies, addresses and secrets never go in.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime

import structlog
from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis.calls import TRACER
from chassis.exporting import CountedSpans, exported
from chassis.metrics import PROCESS
from chassis.settings import Settings
from contracts.envelope import Envelope

_PROPAGATOR = TraceContextTextMapPropagator()
_IDS = RandomIdGenerator()
_SAMPLED = trace.TraceFlags(trace.TraceFlags.SAMPLED)
_TRACEPARENT = re.compile("00-([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_handled: ContextVar[Envelope] = ContextVar("handled")


class Telemetry:
    """The tracer of one service."""

    def __init__(
        self, service: str, settings: Settings, lost: Callable[[int], None] = lambda _: None
    ) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service, "service.instance.id": PROCESS}),
            shutdown_on_exit=False,
        )
        self._spans: CountedSpans | None = None
        if settings.otlp_endpoint:
            token = settings.service_token.get_secret_value() if settings.otlp_to_observer else None
            self._spans = exported(settings.otlp_endpoint, token, lost)
            self._provider.add_span_processor(self._spans)
        self._tracer = self._provider.get_tracer("chassis")

    @property
    def exports(self) -> bool:
        """Whether spans go anywhere."""
        return self._spans is not None

    @contextmanager
    def handling(
        self,
        name: str,
        envelope: Envelope,
        attempt: int,
        *,
        taken: datetime | None = None,
        waited: float = 0.0,
    ) -> Iterator[trace.Span]:
        """A span around the handling of a message, child of the one that said it; log lines carry its ids.

        `taken` is when it was taken, and `waited` how many seconds it was due before.
        """
        token = _handled.set(envelope)
        try:
            if self._spans is None:
                with _Unrecorded(envelope.traceparent) as span:
                    yield span
                return
            tracer = TRACER.set(self._tracer)
            try:
                with self._tracer.start_as_current_span(
                    name, _parent(envelope.traceparent), SpanKind.CONSUMER, start_time=int(taken.timestamp() * 1e9) if taken is not None else None,
                    record_exception=False, set_status_on_exception=False,
                    attributes={
                        "messaging.message.id": envelope.id,
                        "frontdesk.message": envelope.type,
                        "frontdesk.tenant_id": envelope.tenant_id,
                        "frontdesk.correlation_id": envelope.correlation_id,
                        "frontdesk.subject": envelope.subject,
                        "frontdesk.attempt": attempt,
                        "frontdesk.waited_s": round(waited, 6),
                    },
                ) as span:  # fmt: skip
                    yield span
            finally:
                TRACER.reset(tracer)
        finally:
            _handled.reset(token)

    def serving(self, name: str, traceparent: str | None) -> AbstractContextManager[trace.Span]:
        """A span around an HTTP request."""
        return self._served(name, traceparent) if self._spans is not None else _Unrecorded(traceparent)

    @contextmanager
    def _served(self, name: str, traceparent: str | None) -> Iterator[trace.Span]:
        tracer = TRACER.set(self._tracer)
        try:
            with self._tracer.start_as_current_span(
                name,
                _parent(traceparent),
                SpanKind.SERVER,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                try:
                    yield span
                except Exception as error:
                    mark_failed(span, error)
                    raise
        finally:
            TRACER.reset(tracer)

    def unrecorded(self, traceparent: str | None) -> AbstractContextManager[trace.Span]:
        """For a request that takes spans in: were it a span itself, it would send itself for ever."""
        return _Unrecorded(traceparent)

    def shutdown(self) -> None:
        """Send what is left, a few seconds at most, and record nothing more; blocks, so call it in a thread."""
        spans, self._spans = self._spans, None
        if spans is not None:
            spans.end()


class _Unrecorded:
    """A span that nobody collects: it has its ids, for the messages and log lines that follow, and costs little."""

    __slots__ = ("_span", "_token")

    def __init__(self, traceparent: str | None) -> None:
        known = _TRACEPARENT.fullmatch(traceparent) if traceparent is not None else None
        trace_id, flags = (int(known[1], 16), trace.TraceFlags(int(known[2], 16))) if known else (0, _SAMPLED)
        own = trace.SpanContext(
            trace_id or _IDS.generate_trace_id(), _IDS.generate_span_id(), is_remote=False, trace_flags=flags
        )
        self._span = trace.NonRecordingSpan(own)

    def __enter__(self) -> trace.Span:
        self._token = context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(self, *_: object) -> None:
        context.detach(self._token)


def belongs(correlation_id: str, tenant_id: str) -> None:
    """Say on the current span which story begins in it, or goes on: a request learns that by and by."""
    span = trace.get_current_span()
    # What a handler does on the side, in a transaction of its own, is still the work of its message's story.
    if span.is_recording() and _handled.get(None) is None:
        span.set_attribute("frontdesk.correlation_id", correlation_id)
        span.set_attribute("frontdesk.tenant_id", tenant_id)


def _parent(traceparent: str | None) -> context.Context:
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context.Context())


def current_traceparent() -> str | None:
    """The `traceparent` of the span that is current, if any (W3C Trace Context)."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return None
    return f"00-{current.trace_id:032x}-{current.span_id:016x}-{current.trace_flags:02x}"


def kept_trace(span: trace.Span) -> str | None:
    """The id of a span's trace, when spans are collected: an exemplar should lead somewhere."""
    return f"{span.get_span_context().trace_id:032x}" if span.is_recording() else None


def mark_failed(span: trace.Span, error: BaseException) -> None:
    """Say on a span that its work failed; the error's kind only, for its words may hold personal data."""
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def configure_logs(level: str) -> None:
    """Set up the process's log: one JSON object a line, on standard error, whoever writes it."""
    said: list[Processor] = [
        _add_message,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    written: list[Processor] = [_name_error, structlog.processors.JSONRenderer()]
    # Libraries log at WARNING: below it, HTTP clients write whole addresses, which may hold personal data.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=said,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    structlog.configure(
        processors=[*said, *written],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def frames(error: BaseException) -> str:
    """Where an unexpected error was raised: files and lines, without its words, which may hold personal data."""
    found: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        found.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/src/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(found[-6:])


def _name_error(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """An error by its kind and its place, instead of a traceback with its words."""
    given = line.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    if given is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["error"], line["at"] = type(error).__name__, frames(error)
    return line


def _add_message(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    envelope = _handled.get(None)
    if envelope is not None:
        line["tenant_id"] = envelope.tenant_id
        line["correlation_id"], line["message_id"] = envelope.correlation_id, envelope.id
    return line


def _add_trace(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = f"{context.trace_id:032x}"
        line["span_id"] = f"{context.span_id:016x}"
    return line
