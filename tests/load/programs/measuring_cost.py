"""What the chassis's own measuring costs per handled message: counters, histograms, and a span that nobody collects, or somebody."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from time import thread_time

from talk import answer

from chassis.metrics import Metrics
from chassis.settings import Settings
from chassis.telemetry import Telemetry, kept_trace
from contracts.envelope import Envelope, new_id

MESSAGES, ROUNDS = 10_000, 5
KEY = "document.received.v1"


def main() -> None:
    """Microseconds of processor time per message, the quickest of some rounds, without and with a place that spans go to."""
    envelope = Envelope(
        id=new_id(), type=KEY, source="bench", subject="document/1", time=datetime.now(UTC), tenant_id="acme",
        correlation_id=new_id(), traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )  # fmt: skip
    # Sending is another thread's work, and measured by `spans_lost_…`.
    os.environ |= {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_BSP_MAX_QUEUE_SIZE": "1000000",
                   "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1000000"}  # fmt: skip
    answer(unrecorded=_microseconds(envelope, ""), recorded=_microseconds(envelope, "http://127.0.0.1:9"))


def _microseconds(envelope: Envelope, endpoint: str) -> float:
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
    telemetry = Telemetry("probe", Settings())  # pyright: ignore[reportCallIssue] — the environment fills it
    metrics = Metrics("probe")
    in_flight = metrics.flight(KEY, 4)

    def message() -> None:
        in_flight.inc()
        with telemetry.handling("probe", envelope, 1, taken=envelope.time, waited=0.1) as span:
            trace = kept_trace(span)
            metrics.waited(KEY, 0.1, trace)
        metrics.handled(KEY, "done", 0.02, trace)
        in_flight.dec()

    found = min(_once(message) for _ in range(ROUNDS)) * 1e6 / MESSAGES
    telemetry.shutdown()
    return found


def _once(message: Callable[[], None]) -> float:
    began = thread_time()
    for _ in range(MESSAGES):
        message()
    return thread_time() - began


if __name__ == "__main__":
    main()
