"""What became of spans, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class PrometheusSpanCounts:
    """`SpanCounts` as a counter of the service's own registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._spans = Counter(
            "frontdesk_observer_spans_total",
            "Spans, by what became of them: received, kept, ordinary, pushed_out, lost, rejected.",
            ("service", "outcome"),
            registry=registry,
        )
        for outcome in ("received", "kept", "ordinary", "pushed_out", "lost", "rejected"):
            self._spans.labels("observer", outcome)

    def count(self, outcome: str, spans: int) -> None:
        """Count spans."""
        if spans > 0:
            self._spans.labels("observer", outcome).inc(spans)
