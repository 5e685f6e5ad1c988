"""What watches the fleet, as files: Prometheus's rules and their tests, Grafana's boards. `deploy/` has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from frontdesk.generate.boards import BOARDS, dashboard
from frontdesk.generate.rule_tests import alert_tests
from frontdesk.generate.rules import alert_rules, recording_rules

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
        "prometheus/tests/alerts.yml": _yaml(alert_tests(config)),
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


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def _yaml(value: object) -> str:
    return _NOTE + yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)


def _json(value: Mapping[str, object] | Sequence[object]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
