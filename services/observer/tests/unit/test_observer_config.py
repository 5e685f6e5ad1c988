"""`observer_config.json`: what is in the house is valid, and each fault is told with its place."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from observer.adapters.observer_config import ConfigRefused, json_schema, read_config
from observer.domain.bottlenecks import Limits
from observer.settings import known_services

DEPLOY = Path(__file__).parents[4] / "deploy"
GOOD = {"name": "cpu", "metric": "cpu", "limit": 70}


def faults(document: object) -> list[str]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(ConfigRefused) as refused:
        read_config(body, known_services())
    return [str(fault) for fault in refused.value.args]


def test_the_file_of_the_house_is_valid_and_holds_the_targets() -> None:
    body = (DEPLOY / "observer_config.json").read_bytes()
    thresholds = {one.name: one for one in read_config(body, known_services()).all}

    Draft202012Validator(json.loads(json_schema())).validate(json.loads(body))
    limits = {
        name: thresholds[name].limit
        for name in (
            "api_latency",
            "health_latency",
            "database_latency",
            "error_rate",
            "critical_endpoints",
            "cpu",
        )
    }
    assert limits == {
        "api_latency": 200, "health_latency": 100, "database_latency": 50, "error_rate": 0.1, "critical_endpoints": 500, "cpu": 70,
    }  # fmt: skip
    assert thresholds["memory_slope"].window.total_seconds() >= 3600


def test_what_a_report_calls_a_bottleneck_stands_in_the_file() -> None:
    house = read_config((DEPLOY / "observer_config.json").read_bytes(), known_services())
    stricter = read_config(b'{"thresholds": [], "reports": {"wait_seconds": 2.5}}', known_services())

    assert house.reports == Limits()
    assert (stricter.reports.wait_seconds, stricter.reports.dead_share) == (2.5, Limits().dead_share)


def test_the_schema_beside_the_file_is_what_the_code_says() -> None:
    assert (DEPLOY / "observer_config.schema.json").read_text() == json_schema(), "run: make generate"


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (b"{", "$: Invalid JSON"),
        ({}, "$.thresholds: Field required"),
        ({"thresholds": [GOOD, {**GOOD, "name": "b", "limit": "viel"}]}, "$.thresholds[1].limit: "),
        ({"thresholds": [GOOD, GOOD]}, "$.thresholds[1].name: cpu stands there twice"),
        ({"thresholds": [{**GOOD, "recover_below": 80}]}, "$.thresholds[0].recover_below: 80 is above the limit 70"),
        ({"thresholds": [{**GOOD, "services": ["*", "gatway"]}]}, "$.thresholds[0].services[1]: there is no service gatway"),
        ({"thresholds": [{**GOOD, "metric": "mood"}]}, "$.thresholds[0].metric: "),
        ({"thresholds": [{**GOOD, "limt": 3}]}, "$.thresholds[0].limt: Extra inputs"),
        ({"thresholds": [], "reports": {"pool_share": 90}}, "$.reports.pool_share: "),
        ({"thresholds": [], "performance": {"webhooks": -1}}, "$.performance.webhooks: "),
        (b'{"thresholds": [{"name": "cpu", "metric": "cpu", "limit": NaN}]}', "$.thresholds[0].limit"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(document: object, place: str) -> None:
    assert any(fault.startswith(place) for fault in faults(document)), faults(document)
