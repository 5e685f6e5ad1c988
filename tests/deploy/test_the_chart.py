"""The chart as Kubernetes gets it: rendered by Helm's own engine for dev, stage and prod, and held against schemas and code."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate
import pytest
import yaml

from testkit.architecture import roster
from testkit.architecture.tree import Tree
from testkit.chart import CHART, ENVIRONMENTS, ROOT, Object, Render, merged, of_kind, values_of

TREE = Tree(ROOT)
COLLECTOR = "frontdesk-otel-collector"
SERVICES = [service.name for service in TREE.services()]
FOREIGN = {
    "keda.sh/v1alpha1",
    "rabbitmq.com/v1beta1",
    "postgresql.cnpg.io/v1",
    "barmancloud.cnpg.io/v1",
    "external-secrets.io/v1",
    "monitoring.coreos.com/v1",
}
"""Kinds of operators; their schemas are not in Kubernetes."""
OPERATORS: dict[str, Any] = json.loads(
    (ROOT / "tests" / "deploy" / "crds" / "operators.json").read_text(encoding="utf-8")
)["kinds"]
"""The schema of `spec` of each of these kinds."""


def declared() -> dict[str, dict[str, Any]]:
    """The services of values.yaml, each over the defaults."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return {name: merged(values["defaults"], given) for name, given in values["services"].items()}


def pods(objects: list[Object]) -> dict[str, Object]:
    kinds = ("Deployment", "Job")
    return {
        found["metadata"]["name"]: found["spec"]["template"]["spec"]
        for found in objects
        if found["kind"] in kinds
    }


def test_helm_finds_nothing_to_complain_about() -> None:
    report = helm_python.lint(CHART)

    assert [found for found in report["messages"] if found["severity"] > 1] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_is_one_that_kubernetes_takes(environment: str, fleets: dict[str, list[Object]]) -> None:
    own = [found for found in fleets[environment] if found["apiVersion"] not in FOREIGN]

    for found in own:
        kubernetes_validate.validate(found, "1.32", strict=True)
    assert len(own) > 5 * len(SERVICES)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_is_one_that_its_operator_takes(
    environment: str, fleets: dict[str, list[Object]]
) -> None:
    for found in fleets[environment]:
        if found["apiVersion"] in FOREIGN:
            taken_by_operator(found)


def test_a_field_that_no_operator_knows_is_found(fleets: dict[str, list[Object]]) -> None:
    for kind in OPERATORS:
        found = next(each for each in fleets["prod"] if f"{each['apiVersion']} {each['kind']}" == kind)
        with pytest.raises(jsonschema.ValidationError, match="replcas"):
            taken_by_operator({**found, "spec": {**found["spec"], "replcas": 2}})


def taken_by_operator(found: Object) -> None:
    """Raises `jsonschema.ValidationError` for a field that the operator's kind does not have."""
    jsonschema.validate(
        found["spec"],
        OPERATORS[f"{found['apiVersion']} {found['kind']}"],
        cls=jsonschema.Draft202012Validator,
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_name_is_given_twice(environment: str, fleets: dict[str, list[Object]]) -> None:
    names = [(found["kind"], found["metadata"]["name"]) for found in fleets[environment]]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_service_of_the_roster_is_deployed_and_migrated(
    environment: str, fleets: dict[str, list[Object]]
) -> None:
    beside = set[str]() if environment == "dev" else {COLLECTOR}
    deployed = of_kind(fleets[environment], "Deployment").keys()

    assert deployed == {f"frontdesk-{name}" for name in SERVICES} | beside
    assert of_kind(fleets[environment], "Job").keys() == {f"frontdesk-{name}-migrate" for name in SERVICES}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_pod_may_do_more_than_it_must(environment: str, fleets: dict[str, list[Object]]) -> None:
    for pod in pods(fleets[environment]).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


def test_a_service_is_asked_only_by_whom_its_code_lets_ask() -> None:
    ports = {roster.port_of(service): service.name for service in TREE.services()}
    for service in TREE.services():
        # Where people reach the fleet is nobody whom a service asks.
        text = re.sub(
            r"(public|return)_url: .*\n.*", "", (service.source / "settings.py").read_text(encoding="utf-8")
        )
        asked = {
            ports[int(port)]
            for port in re.findall(r"http://127\.0\.0\.1:(80\d\d)", text)
            if int(port) in ports
        }
        if "roster.addresses()" in text:
            asked |= set(ports.values())
        asked = asked - ({service.name} if service.name == "gateway" else set())

        assert set(declared()[service.name]["asks"]) == asked | {"tenancy"}, service.name


def test_only_services_with_vendors_reach_the_internet() -> None:
    reaching = {name for name, service in declared().items() if service["outward"]}

    assert reaching == {
        service.name
        for service in TREE.services()
        if any("vendorkit" in wanted for wanted in service.project["project"]["dependencies"])
    }


def test_a_service_released_alone_changes_nothing_of_the_others(render: Render) -> None:
    before = render("dev")
    after = render("dev", {"services": {"ocr": {"tag": "1.4.1"}}})

    changed = {new["metadata"]["name"] for old, new in zip(before, after, strict=True) if old != new}
    alone = render("prod", {"only": "ocr"})
    assert changed
    assert all(re.fullmatch("frontdesk-ocr(-.*)?", name) for name in changed)
    assert all(found["metadata"]["name"].startswith("frontdesk-ocr") for found in alone)


def test_migrations_come_before_everything_and_only_they_know_the_owner(
    fleets: dict[str, list[Object]],
) -> None:
    for name, job in of_kind(fleets["prod"], "Job").items():
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade", name
    for name, pod in pods(fleets["prod"]).items():
        assert ("frontdesk-migration" in json.dumps(pod)) == name.endswith("-migrate")


def test_the_observer_says_how_many_replicas_there_are(
    fleets: dict[str, list[Object]], render: Render
) -> None:
    scaled = of_kind(fleets["prod"], "ScaledObject")
    for name, found in scaled.items():
        trigger = found["spec"]["triggers"][0]
        assert trigger["metadata"]["url"].endswith(f"/internal/scaling/{name.removeprefix('frontdesk-')}")
        assert "replicas" not in of_kind(fleets["prod"], "Deployment")[name]["spec"]
    assert {"frontdesk-ocr", "frontdesk-gateway"} <= scaled.keys()
    assert of_kind(render("dev"), "ScaledObject") == {}


def test_spans_pass_through_a_collector_of_the_chart_to_the_observer(fleets: dict[str, list[Object]]) -> None:
    objects = fleets["prod"]
    pod = pods(objects)[COLLECTOR]["containers"][0]
    given = {setting["name"]: setting.get("value") for setting in pod["env"]}
    config = of_kind(objects, "ConfigMap")[COLLECTOR]["data"]["collector.yaml"]
    port = of_kind(objects, "Service")[COLLECTOR]["spec"]["ports"][0]["port"]
    read = yaml.safe_load(config)

    assert config == (ROOT / "deploy" / "otel" / "collector.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{env:(\w+)\}", config)) == given.keys()
    assert given["OBSERVER_ENDPOINT"] == "http://frontdesk-observer:8080"
    assert read["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(f":{port}")
    for name in (f"frontdesk-{service}" for service in SERVICES):
        env = {
            setting["name"]: setting.get("value") for setting in pods(objects)[name]["containers"][0]["env"]
        }
        assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://{COLLECTOR}:{port}"
        assert {"protocol": "TCP", "port": port} in _ports(objects, name, "egress", to=COLLECTOR)
    assert _ports(objects, "frontdesk-observer", "ingress", to=COLLECTOR)
    assert _ports(objects, COLLECTOR, "egress", to="frontdesk-observer") == [
        {"protocol": "TCP", "port": 8080}
    ]


def _ports(objects: list[Object], policy: str, way: str, *, to: str) -> list[object]:
    """Ports on which a policy lets a pod and another by its name talk."""
    side = "to" if way == "egress" else "from"
    peer = {
        "app.kubernetes.io/component": to.removeprefix("frontdesk-"),
        "app.kubernetes.io/part-of": "frontdesk",
    }
    return [
        port
        for rule in of_kind(objects, "NetworkPolicy")[policy]["spec"][way]
        if {"podSelector": {"matchLabels": peer}} in rule[side]
        for port in rule["ports"]
    ]


def test_slow_and_failed_traces_go_to_an_archive_where_there_is_one(render: Render) -> None:
    more = {
        "only": "shared",
        "telemetry": {"collector": {"archiveEndpoint": "http://tempo.monitoring:4318/otlp"}},
    }
    objects = render("prod", more)
    container = pods(objects)[COLLECTOR]["containers"][0]

    assert container["args"] == ["--config=/etc/otelcol/collector.yaml"]
    assert {"name": "TRACES_ENDPOINT", "value": "http://tempo.monitoring:4318/otlp"} in container["env"]
    assert of_kind(objects, "NetworkPolicy")[COLLECTOR]["spec"]["egress"][-1]["ports"] == [
        {"protocol": "TCP", "port": 4318}
    ]


def test_the_database_of_a_cluster_is_set_as_the_one_of_ones_own(fleets: dict[str, list[Object]]) -> None:
    text = (ROOT / "deploy" / "postgres" / "postgresql.conf").read_text(encoding="utf-8")
    own = {name: value.strip("'") for name, value in re.findall(r"^(\w+) = (.*)$", text, re.MULTILINE)}
    cluster = of_kind(fleets["prod"], "Cluster")["frontdesk-postgres"]["spec"]

    assert cluster["postgresql"]["parameters"] == {
        name: value
        for name, value in own.items()
        if name not in ("listen_addresses", "shared_preload_libraries")
    }


def test_the_broker_of_a_cluster_starts_empty_with_a_user_of_its_own(fleets: dict[str, list[Object]]) -> None:
    spec = of_kind(fleets["prod"], "RabbitmqCluster")["frontdesk-rabbitmq"]["spec"]
    lines = spec["rabbitmq"]["additionalConfig"].splitlines()

    assert "default_vhost = frontdesk" in lines
    assert not [line for line in lines if line.startswith("load_definitions")]
    shipped = (ROOT / "deploy" / "rabbitmq" / "rabbitmq.conf").read_text(encoding="utf-8").splitlines()
    assert [line for line in shipped if line not in lines] == []


def test_base_and_log_go_to_the_bucket_and_a_new_cluster_comes_back_from_there(render: Render) -> None:
    before = render("prod", {"only": "shared"})
    moment = "2026-11-28T02:59:00Z"
    cluster = {
        "recovery": {"serverName": "frontdesk-postgres", "targetTime": moment},
        "backup": {"serverName": "again"},
    }
    after = render("prod", {"only": "shared", "postgres": {"cluster": cluster}})

    was, now = (of_kind(objects, "Cluster")["frontdesk-postgres"]["spec"] for objects in (before, after))
    store = {"barmanObjectName": "frontdesk-postgres", "serverName": "frontdesk-postgres"}
    assert was["plugins"][0]["isWALArchiver"] is True
    assert was["plugins"][0]["parameters"] == now["externalClusters"][0]["plugin"]["parameters"] == store
    assert now["plugins"][0]["parameters"] == {**store, "serverName": "again"}
    assert now["bootstrap"]["recovery"]["recoveryTarget"] == {"targetTime": moment}
    assert of_kind(before, "ObjectStore")["frontdesk-postgres"]["spec"]["configuration"]["destinationPath"]
    assert of_kind(before, "ScheduledBackup")["frontdesk-postgres"]["spec"]["method"] == "plugin"
    for found in after:
        if found["apiVersion"] in FOREIGN:
            taken_by_operator(found)


def test_media_come_to_the_replica_that_holds_the_call(render: Render) -> None:
    more = {"only": "telephony", "services": {"telephony": {"media": {"paths": ["/media"]}}}}
    route = of_kind(render("prod", more), "Ingress")["frontdesk-telephony"]

    assert route["metadata"]["annotations"]["nginx.ingress.kubernetes.io/upstream-hash-by"] == "$request_uri"
    assert route["spec"]["rules"][0]["http"]["paths"][0]["path"] == "/media"


def test_a_draining_pod_is_given_the_time(fleets: dict[str, list[Object]]) -> None:
    for service in SERVICES:
        pod = pods(fleets["prod"])[f"frontdesk-{service}"]
        pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        assert pod["terminationGracePeriodSeconds"] >= 25 + pause


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_is_rendered_on_github_as_it_is_released(environment: str, render: Render) -> None:
    said = subprocess.run(
        ["bash", ROOT / "deploy" / "render.sh", environment],
        env={**os.environ, "HELM": "echo"}, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    parts = [line.rpartition("only=")[2] for line in said]

    assert all(f"--values helm/frontdesk/values-{environment}.yaml" in line for line in said)
    assert parts == ([""] if environment == "dev" else ["shared", *sorted(SERVICES)])
    # What is rendered together on GitHub would be refused here as there.
    assert render(environment, {"only": parts[0]})


WRONG = [
    ({"services": {"ocr": {"replicas": "two"}}}, "replicas", "integer"),
    ({"services": {"ocr": {"replcas": 2}}}, "services/ocr", "replcas"),
    ({"settings": {"FRONTDESK_MASTER_KEY": "x"}}, "settings", "not"),
    ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy", "IfNotPresent"),
    ({"only": "fax"}, "only: there is no service fax", "gateway"),
    ({"ingress": {"enabled": True}}, "ingress.host is empty", "host"),
    ({"secrets": {"external": {"enabled": True}}}, "secrets.external.store.name is empty", "store"),
    (
        {"services": {"file-management": {"replicas": 2}}},
        "several replicas need a volume that they share",
        "file-management",
    ),
    ({"rabbitmq": {"cluster": {"enabled": True}}}, "--set only=shared", "first"),
    ({"telemetry": {"collector": {"enabled": True}}}, "otlpEndpoint must be empty", "collector"),
    (
        {
            "only": "shared",
            "postgres": {"cluster": {"enabled": True, "recovery": {"serverName": "frontdesk-postgres"}}},
        },
        "another backup.serverName",
        "recovery",
    ),
    ({"postgres": {"cluster": {"recovery": {"targetTime": "gestern"}}}}, "targetTime", "pattern"),
]


def release(chart: helm_python.Chart, values: dict[str, Any]) -> None:
    """What Helm does with values before anything reaches a cluster."""
    chart.validate_schema(values)
    chart.render(values, name="frontdesk", namespace="frontdesk")


@pytest.mark.parametrize(("wrong", "place", "word"), WRONG, ids=[place for _, place, _ in WRONG])
def test_wrong_values_are_refused_in_words(
    chart: helm_python.Chart, wrong: dict[str, Any], place: str, word: str
) -> None:
    values = merged(values_of("dev"), wrong)

    with pytest.raises(helm_python.HelmError) as refusal:
        release(chart, values)

    said = str(refusal.value)
    assert place in said
    assert word in said
