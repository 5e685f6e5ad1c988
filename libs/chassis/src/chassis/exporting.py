"""Spans on their way out: OTLP over HTTP, in batches, in a thread of its own; what is lost on the way is counted.

The SDK's own variables hold: `OTEL_TRACES_SAMPLER`, `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_EXPORTER_OTLP_HEADERS`, …. A receiver
that answers 429 or 503 is asked again when its `Retry-After` says, within `OTEL_EXPORTER_OTLP_TIMEOUT` (the SDK's client).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import Timer

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

QUEUE, BATCH = 16_384, 1024
"""Spans that wait for the export, and that are sent at a time: three seconds of the busiest service, some 30 MB at worst."""
LAST_SECONDS = 3.0
"""How long the last spans of a process are tried to be sent: nobody waits longer for a stop because of them."""
Lost = Callable[[int], None]


class CountedSpans(BatchSpanProcessor):
    """The SDK's queue and its thread; a span that finds the queue full is let go and counted.

    The SDK itself would push the oldest out, and write a log line each time: a service that is overloaded already.
    """

    def __init__(self, exporter: SpanExporter, lost: Lost) -> None:
        super().__init__(
            _CountedExport(exporter, lost),
            max_queue_size=None if "OTEL_BSP_MAX_QUEUE_SIZE" in os.environ else QUEUE,
            max_export_batch_size=None if "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" in os.environ else BATCH,
        )
        self._lost = lost

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that ended, when it is sampled."""
        batches = self._batch_processor
        if (
            span.context is not None
            and span.context.trace_flags.sampled
            and len(batches._queue) >= batches._max_queue_size  # pyright: ignore[reportPrivateUsage] — the SDK tells nobody else that it drops
        ):
            self._lost(1)
            return
        super().on_end(span)

    def end(self) -> None:
        """Send what is left, for a while at most."""
        timer = Timer(LAST_SECONDS, self.span_exporter.shutdown)
        timer.daemon = True
        timer.start()
        self.shutdown()
        timer.cancel()


class _CountedExport(SpanExporter):
    def __init__(self, exporter: SpanExporter, lost: Lost) -> None:
        self._exporter = exporter
        self._lost = lost
        self._ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost(len(spans))
        return result

    def shutdown(self) -> None:
        if not self._ended:
            self._ended = True
            self._exporter.shutdown()


def exported(endpoint: str, token: str | None, lost: Lost) -> CountedSpans:
    """Export to an endpoint, with a token when it is the fleet's own Observer."""
    exporter = OTLPSpanExporter(
        endpoint=endpoint.rstrip("/") + "/v1/traces",
        headers={"Authorization": f"Bearer {token}"} if token is not None else None,
        compression=None if token is None else Compression.Gzip,
    )
    return CountedSpans(exporter, lost)
