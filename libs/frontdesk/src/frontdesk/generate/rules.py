"""Prometheus's rules: recorded figures, and alerts derived from `deploy/observer_config.json`.

The Observer and Prometheus judge by the same thresholds; what only the Observer can measure is listed here with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, TypeAdapter

ONLY_THE_OBSERVER: Mapping[str, str] = {
    "health_latency": "the Observer times its own look at /health",
    "clock_skew": "it compares its clock with the one that /health tells",
    "slow_statement": "it reads the database's own statistics",
    "table_bloat": "it reads the database's own statistics",
    "blind": "it is about the Observer's own sight",
}
WORK_QUEUES = 'queue!~".*[.]news[.].*|.*[.]dead"'
"""Queues that a service must hear: neither a replica's own news nor what is put aside."""


class Entry(BaseModel, frozen=True, extra="ignore"):
    """A threshold as the file has it; the Observer's own schema checks the file."""

    name: str
    metric: str
    limit: float
    services: tuple[str, ...] = ("*",)
    subjects: tuple[str, ...] = ("*",)
    but: tuple[str, ...] = ()
    window_seconds: float = 300
    for_seconds: float = 0
    severity: str = "warning"
    quantile: float = 0.95
    at_least: float = 0

    @property
    def window(self) -> str:
        """Over how long, in Prometheus's words; two scrapes must fit in."""
        return f"{max(60, round(self.window_seconds))}s"

    def of(self, *more: str, subject: str | None = None) -> str:
        """The selector of what is meant: services, and the label that tells the subject."""
        found = list(more)
        if self.services != ("*",):
            found.append(f'service=~"{_pattern(self.services)}"')
        if subject == "route":
            found += self._routes()
        elif subject is not None:
            found += [f'{subject}=~"{_pattern(self.subjects)}"'] if self.subjects != ("*",) else []
            found += [f'{subject}!~"{_pattern(self.but)}"'] if self.but else []
        return "{" + ",".join(found) + "}" if found else ""

    def _routes(self) -> list[str]:
        """Endpoints are two labels: `GET /api/v1/leads` is a method and a route."""
        found: list[str] = []
        if self.subjects != ("*",):
            methods, routes = zip(*(one.split(" ", 1) for one in self.subjects), strict=True)
            if len(set(methods)) > 1:
                raise ValueError(f"the threshold {self.name} names several methods: make one of each")
            found += [f'method="{methods[0]}"'] if methods[0] != "*" else []
            found.append(f'route=~"{_pattern(routes)}"')
        if self.but:
            methods, routes = zip(*(one.split(" ", 1) for one in self.but), strict=True)
            if set(methods) != {"*"}:
                raise ValueError(f"the threshold {self.name} leaves out a single method: leave out `* /…`")
            found.append(f'route!~"{_pattern(routes)}"')
        return found


def entries(config: Mapping[str, object]) -> list[Entry]:
    """The thresholds of the file."""
    return TypeAdapter(list[Entry]).validate_python(config["thresholds"])


def _quantile(entry: Entry, metric: str, by: str, selector: str, factor: int) -> str:
    rate = f"sum by ({by}, le) (rate({metric}_bucket{selector}[{entry.window}]))"
    return f"histogram_quantile({entry.quantile:g}, {rate}) * {factor}"


def _latency(entry: Entry) -> str:
    return _quantile(
        entry, "frontdesk_http_request_seconds", "service, method, route", entry.of(subject="route"), 1000
    )


def _wait(entry: Entry) -> str:
    return _quantile(
        entry, "frontdesk_message_wait_seconds", "service, message", entry.of(subject="message"), 1
    )


def _errors(entry: Entry) -> str:
    def rate(*more: str) -> str:
        selector = entry.of(*more, subject="route")
        return f"sum by (service, method, route) (rate(frontdesk_http_request_seconds_count{selector}[{entry.window}]))"

    failed = rate('status=~"5.."')
    return f"100 * {failed} / {rate()}"


def _simple(template: str, subject: str | None = None) -> Callable[[Entry], str]:
    def made(entry: Entry) -> str:
        return template.replace("SELECTED", entry.of(subject=subject)).replace("WINDOW", entry.window)

    return made


EXPRESSIONS: Mapping[str, Callable[[Entry], str]] = {
    "latency_quantile": _latency,
    "error_rate": _errors,
    "cpu": _simple("100 * rate(process_cpu_seconds_totalSELECTED[WINDOW])"),
    "memory": _simple("process_resident_memory_bytesSELECTED / 1048576"),
    "memory_slope": _simple("deriv(process_resident_memory_bytesSELECTED[WINDOW]) * 3600 / 1048576"),
    "replica_silent": _simple("(1 - upSELECTED)"),
    "health_failing": _simple("(1 - frontdesk_database_upSELECTED)"),
    "restarts": _simple("changes(process_start_time_secondsSELECTED[WINDOW])"),
    "queue_depth": lambda entry: f"rabbitmq_detailed_queue_messages_ready{_of_queue(entry)}",
    "consumers_missing": lambda entry: (
        f"(rabbitmq_detailed_queue_consumers{_of_queue(entry, WORK_QUEUES)} == bool 0)"
    ),
    "queue_wait": _wait,
    "outbox_age": _simple("frontdesk_outbox_oldest_secondsSELECTED"),
    "dead_letters": _simple("sum by (service) (frontdesk_dead_lettersSELECTED)"),
    "database_latency": _simple("frontdesk_database_secondsSELECTED * 1000"),
    "database_connections": _simple(
        "100 * frontdesk_database_pool_in_useSELECTED / frontdesk_database_pool_sizeSELECTED"
    ),
}
"""Each metric of a threshold in PromQL, in the unit of the threshold."""
IN_SECONDS = frozenset({"replica_silent", "health_failing"})
"""Whose limit is how long it lasts: for Prometheus that is an alert's `for`."""
_TOLD: Mapping[str, str] = {
    "latency_quantile": "{{ $labels.method }} {{ $labels.route }}",
    "error_rate": "{{ $labels.method }} {{ $labels.route }}",
    "queue_depth": "{{ $labels.queue }}",
    "consumers_missing": "{{ $labels.queue }}",
    "queue_wait": "{{ $labels.message }}",
}


def alert(entry: Entry) -> dict[str, object] | None:
    """The alert of a threshold; None for what only the Observer can measure."""
    if entry.metric in ONLY_THE_OBSERVER:
        return None
    expression = EXPRESSIONS[entry.metric](entry)
    limit, holds = (0.0, entry.limit) if entry.metric in IN_SECONDS else (entry.limit, entry.for_seconds)
    condition = f"{expression} > {limit:g}"
    if entry.at_least and entry.metric in ("latency_quantile", "error_rate"):
        selector = entry.of(subject="route")
        counted = f"sum by (service, method, route) (increase(frontdesk_http_request_seconds_count{selector}[{entry.window}]))"
        condition = f"{condition} and {counted} >= {entry.at_least:g}"
    subject = _TOLD.get(entry.metric, "{{ $labels.instance }}")
    return {
        "alert": alert_name(entry),
        "expr": condition,
        "for": f"{round(holds)}s",
        "labels": {"severity": entry.severity, "threshold": entry.name},
        "annotations": {
            "summary": f"{{{{ $labels.service }}}} {subject}: {entry.metric} {{{{ $value }}}} > {entry.limit:g}",
            "zusammenfassung": f"{{{{ $labels.service }}}} {subject}: {entry.metric} {{{{ $value }}}} über {entry.limit:g}",
        },
    }


def alert_name(entry: Entry) -> str:
    """Alerts are named in capitals, as Prometheus's own are."""
    return "".join(word.capitalize() for word in entry.name.split("_"))


def alert_rules(config: Mapping[str, object], services: Sequence[str]) -> dict[str, object]:
    """The file of alerts: one for each threshold, and one for each service that nobody sees at all."""
    derived = [made for entry in entries(config) if (made := alert(entry)) is not None]
    gone: list[dict[str, object]] = [
        {
            "alert": "ServiceNotScraped",
            "expr": f'absent(up{{service="{service}"}})',
            "for": "5m",
            "labels": {"severity": "critical", "service": service},
            "annotations": {
                "summary": f"Prometheus sees no replica of {service}",
                "zusammenfassung": f"Prometheus sieht keine Instanz von {service}",
            },
        }
        for service in services
    ]
    own: list[dict[str, object]] = [
        {
            "alert": "SpansLost",
            "expr": "sum by (service) (increase(frontdesk_spans_dropped_total[10m])) > 0 "
            'or sum by (service) (increase(frontdesk_observer_spans_total{outcome="lost"}[10m])) > 0',
            "for": "0s",
            "labels": {"severity": "warning"},
            "annotations": {
                "summary": "{{ $labels.service }} lost {{ $value }} spans in ten minutes",
                "zusammenfassung": "{{ $labels.service }} hat in zehn Minuten {{ $value }} Spans verloren",
            },
        }
    ]
    groups = {"thresholds": derived, "services": gone, "telemetry": own}
    return {"groups": [{"name": name, "rules": rules} for name, rules in groups.items() if rules]}


def recording_rules() -> dict[str, object]:
    """Figures that several boards show, counted once."""
    rules = {
        "service:frontdesk_http_requests:rate5m": "sum by (service) (rate(frontdesk_http_request_seconds_count[5m]))",
        "service:frontdesk_http_errors:rate5m": "sum by (service) (rate(frontdesk_http_request_seconds_count"
        '{status=~"5.."}[5m]))',
        "service:frontdesk_http_request_seconds:p95": "histogram_quantile(0.95, sum by (service, le) "
        "(rate(frontdesk_http_request_seconds_bucket[5m])))",
        "service_message:frontdesk_messages_handled:rate5m": "sum by (service, message) "
        "(rate(frontdesk_message_seconds_count[5m]))",
        "service_message:frontdesk_message_seconds:p95": "histogram_quantile(0.95, sum by (service, message, le) "
        "(rate(frontdesk_message_seconds_bucket[5m])))",
        "service_message:frontdesk_message_wait_seconds:p95": "histogram_quantile(0.95, sum by (service, message, le) "
        "(rate(frontdesk_message_wait_seconds_bucket[5m])))",
        "service_message:frontdesk_message_seconds:mean": "sum by (service, message) "
        "(rate(frontdesk_message_seconds_sum[5m])) / sum by (service, message) (rate(frontdesk_message_seconds_count[5m]))",
        "service_message:frontdesk_message_load:ratio": "sum by (service, message) (frontdesk_messages_in_flight) "
        "/ sum by (service, message) (frontdesk_message_servers)",
    }
    recorded = [{"record": name, "expr": expression} for name, expression in rules.items()]
    return {"groups": [{"name": "recorded", "rules": recorded}]}


def _of_queue(entry: Entry, *more: str) -> str:
    """Queues are named `service.message`; the broker knows no label for the service."""
    found = list(more)
    if entry.services != ("*",):
        found.append(f'queue=~"({_pattern(entry.services)})[.].*"')
    if entry.subjects != ("*",):
        found.append(f'queue=~"{_pattern(entry.subjects)}"')
    if entry.but:
        found.append(f'queue!~"{_pattern(entry.but)}"')
    return "{" + ",".join(found) + "}" if found else ""


def _pattern(patterns: Sequence[str]) -> str:
    """Patterns with `*` as a regular expression within PromQL's quotes."""
    made = [re.escape(one).replace(r"\*", ".*").replace(r"\-", "-").replace(r"\ ", " ") for one in patterns]
    return "|".join(made).replace("\\", "\\\\")
