"""What is counted at the door, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class Counts:
    """The port `Counted`, and what the adapters count."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._cached = Counter(
            "frontdesk_gateway_reads_total",
            "Reads that may be kept: hit, not_modified, miss.",
            ("outcome",),
            registry=registry,
        )
        self._refused = Counter(
            "frontdesk_gateway_refused_total",
            "Requests refused at the door, by reason.",
            ("reason",),
            registry=registry,
        )
        self._cut = Counter(
            "frontdesk_gateway_answers_cut_total",
            "Answers broken off, because they took too long, were too large, or their service broke off.",
            ("service", "reason"),
            registry=registry,
        )
        self._failed = Counter(
            "frontdesk_gateway_upstream_failures_total", "Services that could not be asked, by address.",
            ("service", "address"), registry=registry,
        )  # fmt: skip

    def cached(self, outcome: str) -> None:
        """A read that may be kept."""
        self._cached.labels(outcome).inc()

    def refused(self, reason: str) -> None:
        """A request refused at the door."""
        self._refused.labels(reason).inc()

    def cut(self, service: str, reason: str) -> None:
        """An answer broken off."""
        self._cut.labels(service, reason).inc()

    def failed(self, service: str, address: str) -> None:
        """An address that could not be asked."""
        self._failed.labels(service, address).inc()
