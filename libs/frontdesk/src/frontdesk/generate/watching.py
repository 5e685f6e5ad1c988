"""What watches the fleet, as files: Prometheus's rules and their tests, Grafana's boards. `deploy/` has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from frontdesk.generate.boards import BOARDS, dashboard
from frontdesk.generate.rules import (
    IN_SECONDS,
    Entry,
    alert,
    alert_name,
    alert_rules,
    entries,
    recording_rules,
)

CONFIG = "observer_config.json"
_NOTE = "# Written by 'make generate' from deploy/observer_config.json and the roster of services: change those.\n"
_MACHINE = 15
"""Seconds between two scrapes."""


def generated_watch(deploy: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """Every generated file below `deploy/`, and what it should hold; `ports` are the services' own."""
    config = json.loads((deploy / CONFIG).read_text())
    files = {
        "prometheus/prometheus.yml": _yaml(_one_machine(ports)),
        "prometheus/rules/recorded.yml": _yaml(recording_rules()),
        "prometheus/rules/alerts.yml": _yaml(alert_rules(config, sorted(ports))),
        "prometheus/tests/alerts.yml": _yaml(_tests(config)),
    }
    boards = {f"grafana/dashboards/{board.uid}.json": _json(dashboard(board)) for board in BOARDS}
    return {**files, **boards}


def stale_watch(deploy: Path, ports: Mapping[str, int]) -> list[str]:
    """The files that are missing or differ, and boards that nothing generates any more."""
    wanted = generated_watch(deploy, ports)
    there = {str(file.relative_to(deploy)) for file in (deploy / "grafana/dashboards").glob("*.json")}
    differs = [path for path, text in wanted.items() if not _holds(deploy / path, text)]
    return sorted({*differs, *(there - wanted.keys())})


def write_watch(deploy: Path, ports: Mapping[str, int]) -> list[str]:
    """Write what is stale; returns the paths."""
    wanted = generated_watch(deploy, ports)
    changed = stale_watch(deploy, ports)
    for path in changed:
        file = deploy / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[path])
        else:
            file.unlink()
    return changed


def _one_machine(ports: Mapping[str, int]) -> dict[str, object]:
    """Scrape what `make run` starts, at the services' own ports."""
    fleet = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"service": name}}
        for name, port in sorted(ports.items())
    ]
    return {
        "global": {"scrape_interval": f"{_MACHINE}s", "evaluation_interval": f"{_MACHINE}s"},
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [
            {"job_name": "frontdesk", "honor_labels": True, "static_configs": fleet},
            {
                "job_name": "rabbitmq",
                "metrics_path": "/metrics/detailed",
                "params": {"family": ["queue_coarse_metrics", "queue_consumer_count"]},
                "static_configs": [{"targets": ["127.0.0.1:15692"]}],
            },
        ],
    }


def _tests(config: Mapping[str, object]) -> dict[str, object]:
    """promtool's tests: at its limit an alert is silent, beyond it and as long as it holds it fires."""
    tests = [test for entry in entries(config) for test in _tests_of(entry)]
    return {
        "rule_files": ["../rules/alerts.yml", "../rules/recorded.yml"],
        "evaluation_interval": "1m",
        "tests": tests,
    }


_GAUGES: Mapping[str, tuple[str, float]] = {
    "outbox_age": ("frontdesk_outbox_oldest_seconds", 1),
    "dead_letters": ("frontdesk_dead_letters", 1),
    "database_latency": ("frontdesk_database_seconds", 1000),
    "memory": ("process_resident_memory_bytes", 1 / 1048576),
}
"""Metrics whose alert looks at one gauge: its name, and what a second or a byte of it counts in the threshold's unit."""


def _tests_of(entry: Entry) -> list[dict[str, object]]:
    rule = alert(entry)
    if rule is None or entry.services != ("*",):
        return []
    if entry.metric in IN_SECONDS:
        name = "up" if entry.metric == "replica_silent" else "frontdesk_database_up"
        return [_silent(entry, f'{name}{{service="ocr"}}', 1), _firing(entry, f'{name}{{service="ocr"}}', 0)]
    if entry.metric in _GAUGES:
        name, factor = _GAUGES[entry.metric]
        series = f'{name}{{service="ocr"}}'
        return [
            _silent(entry, series, entry.limit / factor),
            _firing(entry, series, (entry.limit * 2 + 1) / factor),
        ]
    if entry.metric == "queue_depth":
        series = 'rabbitmq_detailed_queue_messages_ready{queue="ocr.document.received.v1"}'
        return [_silent(entry, series, entry.limit), _firing(entry, series, entry.limit + 1)]
    return []


def _silent(entry: Entry, series: str, value: float) -> dict[str, object]:
    return _case(entry, series, value, "is silent at its limit", 0)


def _firing(entry: Entry, series: str, value: float) -> dict[str, object]:
    return _case(entry, series, value, "fires beyond it", 1)


def _case(entry: Entry, series: str, value: float, says: str, fired: int) -> dict[str, object]:
    # The alert's annotations hold its value in PromQL's spelling; ALERTS is what a rule leaves behind, by its labels.
    minutes = round(max(entry.for_seconds, entry.limit if entry.metric in IN_SECONDS else 0) / 60) + 3
    selector = f'ALERTS{{alertname="{alert_name(entry)}",alertstate="firing"}}'
    asked: dict[str, object] = {"expr": f"count({selector}) or vector(0)", "eval_time": f"{minutes}m"}
    return {
        "name": f"{alert_name(entry)} {says}",
        "interval": "1m",
        "input_series": [{"series": series, "values": f"{value:.10g}x{minutes}"}],
        "promql_expr_test": [{**asked, "exp_samples": [{"labels": "{}", "value": fired}]}],
    }


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def _yaml(value: object) -> str:
    return _NOTE + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)


def _json(value: Mapping[str, object] | Sequence[object]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
