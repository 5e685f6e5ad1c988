"""promtool's tests of the alerts: at its limit an alert is silent; beyond it, for as long as it must hold, it fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from frontdesk.generate.rules import IN_SECONDS, Entry, alert, alert_name, entries

Series = Mapping[str, str]
"""What promtool plays: values in its own notation, by series."""
_A_MINUTE = 6000.0
"""Requests or messages a minute: more than any threshold wants to have seen."""
_QUEUE = "ocr.document.received.v1"


def alert_tests(config: Mapping[str, object]) -> dict[str, object]:
    """The file of tests: two for each alert that is derived from a threshold."""
    tests = [test for entry in entries(config) if alert(entry) is not None for test in _tests_of(entry)]
    return {
        "rule_files": ["../rules/alerts.yml", "../rules/recorded.yml"],
        "evaluation_interval": "1m",
        "tests": tests,
    }


def _tests_of(entry: Entry) -> list[dict[str, object]]:
    made = _SERIES[entry.metric]
    return [
        _case(entry, made(entry, False), "is silent at its limit", 0),
        _case(entry, made(entry, True), "fires beyond it", 1),
    ]


def _case(entry: Entry, series: Series, says: str, fired: int) -> dict[str, object]:
    # The alert's annotations hold its value in PromQL's spelling; ALERTS is what a rule leaves behind, by its labels.
    minutes = _minutes(entry)
    selector = f'ALERTS{{alertname="{alert_name(entry)}",alertstate="firing"}}'
    asked: dict[str, object] = {"expr": f"count({selector}) or vector(0)", "eval_time": f"{minutes}m"}
    return {
        "name": f"{alert_name(entry)} {says}",
        "interval": "1m",
        "input_series": [
            {"series": name, "values": f"{values}x{minutes}"} for name, values in series.items()
        ],
        "promql_expr_test": [{**asked, "exp_samples": [{"labels": "{}", "value": fired}]}],
    }


def _minutes(entry: Entry) -> int:
    """Long enough that the window is full, and that it held."""
    holds = entry.limit if entry.metric in IN_SECONDS else entry.for_seconds
    window = entry.window_seconds if entry.metric in _OVER_A_WINDOW else 0
    return ceil(window / 60) + ceil(holds / 60) + 3


def _labels(entry: Entry, **more: str) -> str:
    service = "ocr" if entry.services == ("*",) else entry.services[0].replace("*", "x")
    return ",".join(f'{name}="{value}"' for name, value in {"service": service, **more}.items())


def _endpoint(entry: Entry) -> dict[str, str]:
    """One endpoint that the threshold means."""
    method, route = ("*", "/api/v1/leads") if entry.subjects == ("*",) else entry.subjects[0].split(" ", 1)
    return {"method": "GET" if method == "*" else method, "route": route.replace("*", "x")}


def _gauge(name: str, factor: float = 1.0) -> _Series:
    """Metrics whose alert looks at one value; `factor` is what a second or a byte of it counts in the threshold's unit."""

    def made(entry: Entry, beyond: bool) -> Series:
        value = entry.limit * 2 + 1 if beyond else entry.limit
        return {f"{name}{{{_labels(entry)}}}": f"{value / factor:.10g}"}

    return made


def _switch(name: str) -> _Series:
    return lambda entry, beyond: {f"{name}{{{_labels(entry)}}}": "0" if beyond else "1"}


def _rising(name: str, a_minute: float) -> _Series:
    """Counters: how much of it a minute is one of the threshold's unit; just below the limit, for rates are not exact."""

    def made(entry: Entry, beyond: bool) -> Series:
        value = entry.limit * (1.5 if beyond else 0.99) * a_minute
        return {f"{name}{{{_labels(entry)}}}": f"0+{value:.10g}"}

    return made


def _histogram(name: str, unit: float, subject: Callable[[Entry], dict[str, str]]) -> _Series:
    """All of them below the limit, or all of them far beyond it."""

    def made(entry: Entry, beyond: bool) -> Series:
        limit, labels = entry.limit / unit, subject(entry)
        count = f"0+{_A_MINUTE:g}"
        return {
            f"{name}_bucket{{{_labels(entry, **labels, le=f'{limit:g}')}}}": "0+0" if beyond else count,
            f"{name}_bucket{{{_labels(entry, **labels, le=f'{limit * 10:g}')}}}": count,
            f"{name}_bucket{{{_labels(entry, **labels, le='+Inf')}}}": count,
            f"{name}_count{{{_labels(entry, **labels)}}}": count,
        }

    return made


def _errors(entry: Entry, beyond: bool) -> Series:
    share = entry.limit / 100 * (1.5 if beyond else 0.99)
    name, labels = "frontdesk_http_request_seconds_count", _endpoint(entry)
    return {
        f"{name}{{{_labels(entry, **labels, status='200')}}}": f"0+{_A_MINUTE * (1 - share):.10g}",
        f"{name}{{{_labels(entry, **labels, status='503')}}}": f"0+{_A_MINUTE * share:.10g}",
    }


def _message(entry: Entry) -> dict[str, str]:
    name = "document.received.v1" if entry.subjects == ("*",) else entry.subjects[0].replace("*", "x")
    return {"message": name}


def _restarts(entry: Entry, beyond: bool) -> Series:
    return {f"process_start_time_seconds{{{_labels(entry)}}}": "0+60" if beyond else "1000"}


def _of_a_queue(metric: str, silent: Callable[[Entry], float], fires: Callable[[Entry], float]) -> _Series:
    def made(entry: Entry, beyond: bool) -> Series:
        service, _, message = _QUEUE.partition(".")
        owner = service if entry.services == ("*",) else entry.services[0].replace("*", "x")
        queue = f"{owner}.{message}" if entry.subjects == ("*",) else entry.subjects[0].replace("*", "x")
        return {f'{metric}{{queue="{queue}"}}': f"{(fires if beyond else silent)(entry):.10g}"}

    return made


def _pool(entry: Entry, beyond: bool) -> Series:
    used = entry.limit + 1 if beyond else entry.limit
    return {
        f"frontdesk_database_pool_in_use{{{_labels(entry)}}}": f"{used:.10g}",
        f"frontdesk_database_pool_size{{{_labels(entry)}}}": "100",
    }


_Series = Callable[[Entry, bool], Series]
_SERIES: Mapping[str, _Series] = {
    "latency_quantile": _histogram("frontdesk_http_request_seconds", 1000, _endpoint),
    "error_rate": _errors,
    "cpu": _rising("process_cpu_seconds_total", 0.6),
    "memory": _gauge("process_resident_memory_bytes", 1 / 1048576),
    "memory_slope": _rising("process_resident_memory_bytes", 1048576 / 60),
    "replica_silent": _switch("up"),
    "health_failing": _switch("frontdesk_database_up"),
    "restarts": _restarts,
    "queue_depth": _of_a_queue(
        "rabbitmq_detailed_queue_messages_ready", lambda entry: entry.limit, lambda entry: entry.limit + 1
    ),
    "consumers_missing": _of_a_queue("rabbitmq_detailed_queue_consumers", lambda _: 1, lambda _: 0),
    "queue_wait": _histogram("frontdesk_message_wait_seconds", 1, _message),
    "outbox_age": _gauge("frontdesk_outbox_oldest_seconds"),
    "dead_letters": _gauge("frontdesk_dead_letters"),
    "database_latency": _gauge("frontdesk_database_seconds", 1000),
    "database_connections": _pool,
}
"""What is played for each metric of a threshold: at its limit, and beyond."""
_OVER_A_WINDOW = frozenset(
    {"latency_quantile", "error_rate", "cpu", "memory_slope", "restarts", "queue_wait"}
)
