"""Counters and timings of one service, for Prometheus (`GET /metrics`).

Who asks for OpenMetrics is shown exemplars beside the histograms: the trace of a message or request that fell into a bucket.

What a scrape alone can know (the outbox, dead letters, the database) is looked at by `chassis.health` when one comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import choose_encoder

PROCESS = uuid4().hex[:12]
"""Which process this is: made once, so that the services of `frontdesk up`, all in one, are seen to share it."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)


class _OfMessage:
    """The series of one message, looked up once: to find a child by its labels costs more than to count."""

    __slots__ = ("outcomes", "seconds", "squared", "wait")

    def __init__(self, seconds: Histogram, squared: Counter, wait: Histogram) -> None:
        self.seconds = seconds
        self.squared = squared
        self.wait = wait
        self.outcomes: dict[str, Counter] = {}


class Metrics:
    """What the chassis counts; every series carries the service's name, those of the whole process none."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self._by_message: dict[str, _OfMessage] = {}
        self._count_messages()
        self._count_doors()
        self._count_state()
        ProcessCollector(registry=self.registry)

    def handled(self, message: str, outcome: str, seconds: float, trace: str | None = None) -> None:
        """A message was settled, `seconds` after it was taken; `trace` is the id of its trace, when that is kept."""
        series = self._of(message)
        counted = series.outcomes.get(outcome)
        if counted is None:
            counted = series.outcomes[outcome] = self._handled.labels(self._service, message, outcome)
        counted.inc()
        series.seconds.observe(seconds, _exemplar(trace))
        series.squared.inc(seconds * seconds)

    def waited(self, message: str, seconds: float, trace: str | None = None) -> None:
        """A message was taken so many seconds after it was due; clocks of two hosts may make it less than nothing."""
        self._of(message).wait.observe(max(0.0, seconds), _exemplar(trace))

    def flight(self, message: str, servers: int) -> Gauge:
        """The gauge of the messages of one hearing that are being handled, of which there are at most `servers`."""
        self._servers.labels(self._service, message).set(servers)
        return self._in_flight.labels(self._service, message)

    def published(self, message: str) -> None:
        """The broker confirmed a message."""
        self._published.labels(self._service, message).inc()

    def committed(self, units: int) -> None:
        """A group of units was committed."""
        self._group.observe(units)

    def requested(
        self, method: str, route: str, status: int, seconds: float, trace: str | None = None
    ) -> None:
        """An HTTP request was answered."""
        self._requests.labels(self._service, method, route, str(status)).observe(seconds, _exemplar(trace))

    def spans_dropped(self, spans: int) -> None:
        """So many spans were not exported."""
        self._spans_dropped.inc(spans)

    def pool(self, in_use: int, size: int) -> None:
        """How many of the connections to the database are in use, and how many are kept."""
        self._pool_in_use.set(in_use)
        self._pool_size.set(size)

    def stored(self, *, seconds: float, pending: int, oldest: float, dead: Mapping[str, int]) -> None:
        """What a look at the database found."""
        self._database_up.set(1)
        self._database_seconds.labels(self._service).set(seconds)
        self._outbox_pending.labels(self._service).set(pending)
        self._outbox_oldest.labels(self._service).set(oldest)
        self._dead_letters.clear()
        for error, letters in dead.items():
            self._dead_letters.labels(self._service, error).set(letters)

    def stored_unknown(self) -> None:
        """The database did not answer: what only it knows has no value, rather than an old one."""
        self._database_up.set(0)
        for gauge in (self._database_seconds, self._outbox_pending, self._outbox_oldest, self._dead_letters):
            gauge.clear()

    def count(self, message: str, outcome: str) -> float:
        """How many messages were settled that way; for tests and health."""
        return self._handled.labels(self._service, message, outcome)._value.get()  # pyright: ignore[reportPrivateUsage] — prometheus_client offers no reader of one child

    def exposition(self) -> bytes:
        """The plain text that every Prometheus reads."""
        return generate_latest(self.registry)

    def accepted(self, accept: str) -> tuple[bytes, str]:
        """What a scraper reads, and its media type: OpenMetrics, with exemplars, for who accepts it, else plain text."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type

    def _of(self, message: str) -> _OfMessage:
        series = self._by_message.get(message)
        if series is None:
            series = self._by_message[message] = _OfMessage(
                self._seconds.labels(self._service, message),
                self._squared.labels(self._service, message),
                self._wait.labels(self._service, message),
            )
        return series

    def _count_messages(self) -> None:
        of_message = ("service", "message")
        self._handled = Counter(
            "frontdesk_messages_handled_total",
            "Messages settled, by outcome: done, duplicate, retried, parked, dead, yielded.",
            (*of_message, "outcome"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "frontdesk_message_seconds",
            "Seconds from taking a message to settling it.",
            of_message,
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._squared = Counter(
            "frontdesk_message_seconds_squared_total",
            "Sum of the squares of these seconds: with frontdesk_message_seconds, their variance.",
            of_message,
            registry=self.registry,
        )
        self._wait = Histogram(
            "frontdesk_message_wait_seconds",
            "Seconds from when a message was due (said, or to be tried again) to when it was taken.",
            of_message,
            buckets=_WAIT_SECONDS,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "frontdesk_messages_in_flight",
            "Messages taken and not settled; message is the hearing's: its routing key, or its queue.",
            of_message,
            registry=self.registry,
        )
        self._servers = Gauge(
            "frontdesk_message_servers",
            "Messages of a hearing that this process handles at once at most: its prefetch.",
            of_message,
            registry=self.registry,
        )
        self._published = Counter(
            "frontdesk_messages_published_total",
            "Messages that the broker confirmed.",
            of_message,
            registry=self.registry,
        )

    def _count_doors(self) -> None:
        of_service = ("service",)
        self._group = Histogram(
            "frontdesk_commit_group_size",
            "Units that shared one commit.",
            of_service,
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        ).labels(self._service)
        self._requests = Histogram(
            "frontdesk_http_request_seconds",
            "Seconds of an HTTP request.",
            (*of_service, "method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._spans_dropped = Counter(
            "frontdesk_spans_dropped_total",
            "Spans that were not exported: the queue was full, or the endpoint did not take them.",
            of_service,
            registry=self.registry,
        ).labels(self._service)
        Gauge(
            "frontdesk_process_info",
            "The process that a service runs in; several services may share one.",
            (*of_service, "version", "process"),
            registry=self.registry,
        ).labels(self._service, product_version(), PROCESS).set(1)

    def _count_state(self) -> None:
        self._database_up = self._gauge("frontdesk_database_up", "1 when the database answers, else 0.")
        self._pool_in_use = self._gauge("frontdesk_database_pool_in_use", "Connections in use.")
        self._pool_size = self._gauge("frontdesk_database_pool_size", "Connections that are kept.")
        self._database_seconds = self._absent_at_times(
            "frontdesk_database_seconds", "Seconds that the smallest question takes."
        )
        self._outbox_pending = self._absent_at_times(
            "frontdesk_outbox_pending", "Rows due and not published."
        )
        self._outbox_oldest = self._absent_at_times(
            "frontdesk_outbox_oldest_seconds", "Seconds that the oldest of these rows waits; 0 without any."
        )
        self._dead_letters = self._absent_at_times(
            "frontdesk_dead_letters", "Dead letters that wait for somebody.", "error"
        )

    def _gauge(self, name: str, says: str) -> Gauge:
        return Gauge(name, says, ("service",), registry=self.registry).labels(self._service)

    def _absent_at_times(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(name, says, ("service", *labels), registry=self.registry)


def _exemplar(trace: str | None) -> dict[str, str] | None:
    return {"trace_id": trace} if trace is not None else None


@lru_cache(maxsize=1)
def product_version() -> str:
    """The version of the product, which all services share."""
    return version("frontdesk-chassis")
