"""Rules and boards name metrics that exist, and run through a real Prometheus. If a file is stale, run `make generate`."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from frontdesk.fleet.plan import own_ports
from frontdesk.generate.boards import BOARDS, expressions
from frontdesk.generate.fleet import CannotBeMade, Member
from frontdesk.generate.rules import EXPRESSIONS, ONLY_THE_OBSERVER
from frontdesk.generate.watching import CONFIG, stale_watch
from frontdesk.stack import Stack
from frontdesk.stack.plan import load_plan
from observer.domain.thresholds import UNITS
from testkit.service import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = sorted((DEPLOY / "prometheus/rules").glob("*.yml"))
_NAME = re.compile(r"\b(?:frontdesk|process|rabbitmq)_[a-z0-9_]+|[a-z_]+:frontdesk_[a-z0-9_]+:[a-z0-9_]+")
_ENDS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def test_rules_and_boards_are_what_the_thresholds_and_the_roster_say() -> None:
    assert stale_watch(DEPLOY, own_ports()) == []


def test_every_kind_of_threshold_is_an_alert_or_said_to_be_for_the_observer_alone() -> None:
    assert set(EXPRESSIONS) | set(ONLY_THE_OBSERVER) == set(UNITS)
    assert not set(EXPRESSIONS) & set(ONLY_THE_OBSERVER)


def test_every_metric_that_is_asked_for_exists(
    services_as_made: tuple[list[Member], list[CannotBeMade]], stack: Stack
) -> None:
    exposed = [member.exposition for member in services_as_made[0]]
    broker = httpx.get(
        f"http://127.0.0.1:{load_plan(stack.folder).metrics_port}/metrics/detailed",
        params=[("family", "queue_coarse_metrics"), ("family", "queue_consumer_count")], trust_env=False,
    ).text  # fmt: skip
    there = {name for text in (*exposed, broker) for name in _names(text)} | set(_recorded())

    asked = {name for expression in _expressions() for name in _NAME.findall(_unquoted(expression))}

    assert len(asked) > 25
    assert asked - there == set()


def test_promtool_finds_no_fault_and_each_tested_alert_fires_beyond_its_limit_alone(tmp_path: Path) -> None:
    _promtool("check", "config", str(DEPLOY / "prometheus/prometheus.yml"))
    # Debian's Prometheus is built without Kubernetes: the rest of that file is checked without its discovery.
    cluster = yaml.safe_load((DEPLOY / "prometheus/kubernetes.yml").read_text())
    assert all(job.pop("kubernetes_sd_configs") == [{"role": "pod"}] for job in cluster["scrape_configs"])
    (tmp_path / "cluster.yml").write_text(yaml.safe_dump(cluster))
    _promtool("check", "config", "--syntax-only", str(tmp_path / "cluster.yml"))
    _promtool("test", "rules", str(DEPLOY / "prometheus/tests/alerts.yml"))


def test_every_alert_of_a_threshold_is_tested_at_its_limit_and_beyond() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus/rules/alerts.yml").read_text())["groups"]
    [derived] = [group["rules"] for group in alerts if group["name"] == "thresholds"]
    tested = [
        test["name"] for test in yaml.safe_load((DEPLOY / "prometheus/tests/alerts.yml").read_text())["tests"]
    ]

    assert sorted(tested) == sorted(
        f"{rule['alert']} {says}"
        for rule in derived
        for says in ("is silent at its limit", "fires beyond it")
    )


def test_a_panel_that_shows_exemplars_asks_for_buckets_which_have_them() -> None:
    shown = [panel for board in BOARDS for row in board.rows for panel in row if panel.exemplars]

    assert len(shown) > 5
    assert all("_bucket" in line for panel in shown for line in panel.lines.values())


def test_promtool_notices_an_alert_that_would_not_fire(tmp_path: Path) -> None:
    for folder in ("rules", "tests"):
        (tmp_path / folder).mkdir()
    for file in RULES:
        (tmp_path / "rules" / file.name).write_text(file.read_text().replace("> 60", "> 6000000"))
    test = tmp_path / "tests/alerts.yml"
    test.write_text((DEPLOY / "prometheus/tests/alerts.yml").read_text())

    done = subprocess.run(
        ["promtool", "test", "rules", str(test)], capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert 'alertname=\\"OutboxAge\\"' in done.stdout + done.stderr


@dataclass
class Prometheus:
    """A real one, without anything to scrape."""

    url: str

    def flaw(self, expression: str) -> str | None:
        """What it says against an expression, if anything."""
        answer = httpx.post(f"{self.url}/api/v1/query", data={"query": expression}, trust_env=False).json()
        return None if answer["status"] == "success" else f"{expression}: {answer['error']}"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config = {"rule_files": [str(file) for file in RULES], "scrape_configs": []}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    process = subprocess.Popen(
        ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
    )  # fmt: skip
    found = Prometheus(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 30
        while not _ready(found.url):
            assert process.poll() is None, "prometheus ended"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield found
    finally:
        process.kill()
        process.wait()


def test_a_real_prometheus_understands_every_expression_of_rules_and_boards(prometheus: Prometheus) -> None:
    asked = _expressions()

    assert [flaw for expression in asked if (flaw := prometheus.flaw(expression))] == []
    assert prometheus.flaw("sum by (service (up)") is not None
    loaded = httpx.get(f"{prometheus.url}/api/v1/rules", trust_env=False).json()["data"]["groups"]
    assert {group["name"] for group in loaded} == {"recorded", "thresholds", "services", "telemetry"}


def test_a_board_has_its_panels_its_links_and_no_two_have_one_name() -> None:
    boards = [json.loads(file.read_text()) for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))]

    assert len({board["uid"] for board in boards}) == len({board["title"] for board in boards}) == len(BOARDS)
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/frontdesk.yaml").read_text())
    known = {source["uid"] for source in sources["datasources"]}
    panels = [panel for board in boards for panel in board["panels"]]
    assert {panel["datasource"]["uid"] for panel in panels if "datasource" in panel} <= known
    slow = next(board for board in boards if board["uid"] == "frontdesk-slow")
    assert {panel["type"] for panel in slow["panels"]} >= {"text", "logs", "timeseries"}
    assert "/api/v1/fleet/stories/$story" in json.dumps(slow)


def test_the_parts_of_the_collector_fit_together() -> None:
    """It cannot be run here: what is named is declared, what is declared is used, and the Observer's door is the one named."""
    collector = yaml.safe_load((DEPLOY / "otel/collector.yaml").read_text())
    pipelines = collector["service"]["pipelines"].values()

    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in pipelines for name in pipeline[kind]}
        assert used == set(collector[kind])
    assert all(pipeline["processors"][0] == "memory_limiter" for pipeline in pipelines)
    assert all(pipeline["processors"][-1] == "batch" for pipeline in pipelines)
    observer = collector["exporters"]["otlphttp/observer"]
    assert observer["endpoint"] == "${env:OBSERVER_ENDPOINT}"
    assert observer["headers"]["Authorization"] == "Bearer ${env:FRONTDESK_SERVICE_TOKEN}"
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")


def test_the_thresholds_are_those_that_the_observer_reads() -> None:
    config = json.loads((DEPLOY / CONFIG).read_text())
    alerts = yaml.safe_load((DEPLOY / "prometheus/rules/alerts.yml").read_text())
    told = {rule["labels"].get("threshold") for group in alerts["groups"] for rule in group["rules"]} - {None}

    assert told == {one["name"] for one in config["thresholds"] if one["metric"] not in ONLY_THE_OBSERVER}


def _expressions() -> list[str]:
    rules = [
        rule["expr"]
        for file in RULES
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]
    panels = [expression for board in BOARDS for expression in expressions(board)]
    return [*rules, *(_filled(expression) for expression in panels)]


def _filled(expression: str) -> str:
    return expression.replace("$service", ".*").replace("$message", ".*")


def _unquoted(expression: str) -> str:
    return re.sub(r'"[^"]*"', '""', expression)


def _recorded() -> list[str]:
    rules = yaml.safe_load((DEPLOY / "prometheus/rules/recorded.yml").read_text())
    return [rule["record"] for group in rules["groups"] for rule in group["rules"]]


def _names(exposition: str) -> Iterator[str]:
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE):
        yield from (name + end for end in _ENDS.get(kind, ("",)))


def _promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
