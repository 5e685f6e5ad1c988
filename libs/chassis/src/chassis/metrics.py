"""Counters and timings of one service, for Prometheus (`GET /metrics`)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """What the chassis counts; every series carries the service's name."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self._handled = Counter(
            "frontdesk_messages_handled_total",
            "Messages settled, by outcome: done, duplicate, retried, parked, dead.",
            ("service", "message", "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "frontdesk_message_seconds",
            "Seconds from taking a message to settling it.",
            ("service", "message"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._published = Counter(
            "frontdesk_messages_published_total",
            "Messages that the broker confirmed.",
            ("service", "message"),
            registry=self.registry,
        )
        self._group = Histogram(
            "frontdesk_commit_group_size",
            "Units that shared one commit.",
            ("service",),
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self._requests = Histogram(
            "frontdesk_http_request_seconds",
            "Seconds of an HTTP request.",
            ("service", "method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._outbox_pending = Gauge(
            "frontdesk_outbox_pending", "Rows due and not published.", ("service",), registry=self.registry
        )

    def handled(self, message: str, outcome: str, seconds: float) -> None:
        """A message was settled."""
        self._handled.labels(self._service, message, outcome).inc()
        self._seconds.labels(self._service, message).observe(seconds)

    def published(self, message: str) -> None:
        """The broker confirmed a message."""
        self._published.labels(self._service, message).inc()

    def committed(self, units: int) -> None:
        """A group of units was committed."""
        self._group.labels(self._service).observe(units)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered."""
        self._requests.labels(self._service, method, route, str(status)).observe(seconds)

    def outbox_pending(self, rows: int) -> None:
        """How many rows wait in the outbox."""
        self._outbox_pending.labels(self._service).set(rows)

    def count(self, message: str, outcome: str) -> float:
        """How many messages were settled that way; for tests and health."""
        return self._handled.labels(self._service, message, outcome)._value.get()  # pyright: ignore[reportPrivateUsage] — prometheus_client offers no reader of one child

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
