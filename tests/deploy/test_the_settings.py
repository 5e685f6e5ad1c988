"""What Compose and the chart set is what the services read, and all that they require: by their settings' own classes."""

from __future__ import annotations

import base64
import importlib
import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import chassis
from frontdesk.fleet.vendors import Vendors
from sandbox.app import http_addresses
from testkit.architecture.tree import Tree
from testkit.chart import ENVIRONMENTS, ROOT, Object, Render, of_kind

TREE = Tree(ROOT)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
NO_SETTINGS = {"FRONTDESK_SECRETS_DIR"}
"""Where settings lie is read before there are any."""
SECRETS = {
    "FRONTDESK_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    "AMQP_URL": "amqp://broker/frontdesk",
    "DATABASE_URL": "postgresql://database/frontdesk",
    "BLOB_URL": "memory://",
}


def settings_of(service: str) -> type[chassis.Settings]:
    found: type[chassis.Settings] = importlib.import_module(
        f"{TREE.service(service).package}.settings"
    ).Settings
    return found


def names_of(settings: type[chassis.Settings]) -> set[str]:
    return {
        info.validation_alias if isinstance(info.validation_alias, str) else name.upper()
        for name, info in settings.model_fields.items()
    }


def unknown(service: str, given: Mapping[str, str]) -> set[str]:
    names = names_of(settings_of(service))
    return {name for name in given if name.partition("__")[0] not in names} - NO_SETTINGS


def read(service: str, given: Mapping[str, str], secret: set[str], place: Path) -> chassis.Settings:
    """The settings as the service reads them in its container: environment, and a folder of secret files."""
    place.mkdir(parents=True)
    for name in secret:
        (place / name).write_text(SECRETS.get(name.upper(), "secret"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in names_of(settings_of(service)) | set(given):
            patch.delenv(name, raising=False)
        for name, value in given.items():
            patch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
        patch.setenv("FRONTDESK_SECRETS_DIR", str(place))
        return settings_of(service)()


def test_compose_gives_every_service_settings_that_it_can_read(tmp_path: Path) -> None:
    for name in (service.name for service in TREE.services()):
        for container in (name, f"{name}-migrate"):
            given = COMPOSE["services"][container]
            secret = {found["target"] if isinstance(found, dict) else found for found in given["secrets"]}

            assert unknown(name, given["environment"]) == set(), container
            assert secret <= {known.lower() for known in names_of(settings_of(name))}, container
            settings = read(name, given["environment"], secret, tmp_path / container)
            assert settings.otlp_endpoint == "http://observer:8080"
            assert settings.otlp_to_observer


def test_the_vendors_of_compose_are_the_simulated_ones() -> None:
    sandbox = COMPOSE["services"]["sandbox"]
    given_to_it = dict(itertools.pairwise(sandbox["command"]))
    state = dict(volume.split(":") for volume in sandbox["volumes"])
    notification = dict(volume.split(":")[:2] for volume in COMPOSE["services"]["notification"]["volumes"])
    seen_at = notification[
        next(volume for volume, place in state.items() if place == given_to_it["--state-dir"])
    ]
    places = {
        **http_addresses(f"http://{given_to_it['--name']}:{given_to_it['--port']}"),
        "smtp": f"{given_to_it['--name']}:{given_to_it['--smtp-port']}",
        "ca": f"{seen_at}/mail-tls/ca.pem",
    }
    # Who may be connected to is said for a network.
    wanted = {
        name: value
        for name, value in Vendors(places).environment().items()
        if name != "FRONTDESK_OUTWARD_ALLOW"
    }
    given: dict[str, str] = {}
    for service in COMPOSE["services"].values():
        environment = service.get("environment", {})
        given |= {name: value for name, value in environment.items() if name in wanted}

    assert {name: _parsed(value) for name, value in given.items()} == {
        name: _parsed(value) for name, value in wanted.items()
    }


def _parsed(value: str) -> object:
    return json.loads(value) if value.startswith("{") else value


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_chart_gives_every_service_settings_that_it_can_read(
    environment: str, fleets: dict[str, list[Object]], tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    kept = set(re.findall(r"--from-literal=([A-Z_]+)=", page))
    direct = environment == "dev"
    for kind in ("Deployment", "Job"):
        for fullname, found in of_kind(fleets[environment], kind).items():
            name = fullname.removeprefix("frontdesk-").removesuffix("-migrate")
            if name == "otel-collector":
                continue
            given = {
                # The owner's address comes from a secret of its own.
                setting["name"]: setting.get("value", "postgresql://database/frontdesk")
                for setting in found["spec"]["template"]["spec"]["containers"][0]["env"]
            }

            assert unknown(name, given) == set(), fullname
            settings = read(name, given, kept, tmp_path / fullname)
            collector = "http://frontdesk-observer:8080" if direct else "http://frontdesk-otel-collector:4318"
            assert settings.otlp_endpoint == collector
            assert settings.otlp_to_observer == direct


def test_the_secrets_that_the_page_names_are_settings_of_their_services() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    own = set(
        re.findall(r"`([A-Z]+_[A-Z_]+)`", page.partition("`frontdesk-<service>`:")[2].partition("A pod")[0])
    )
    known = {name for service in TREE.services() for name in names_of(settings_of(service.name))}

    assert len(own) == 6
    assert {name.partition("__")[0] for name in own} <= known


def test_where_people_reach_the_fleet_is_said_once(fleets: dict[str, list[Object]]) -> None:
    given = {
        (name, setting["name"]): setting.get("value")
        for name, found in of_kind(fleets["prod"], "Deployment").items()
        for setting in found["spec"]["template"]["spec"]["containers"][0]["env"]
    }

    assert given["frontdesk-tenancy", "TENANCY_PUBLIC_URL"] == "https://frontdesk.example"
    assert given["frontdesk-gateway", "GATEWAY_PUBLIC_URL"] == "https://frontdesk.example"
    assert given["frontdesk-billing", "BILLING_RETURN_URL"] == "https://frontdesk.example/billing"


def test_spans_go_to_a_collector_of_others_without_the_fleets_token(render: Render) -> None:
    objects = render(
        "dev", {"only": "ocr", "telemetry": {"otlpEndpoint": "http://otel-collector.monitoring:4318"}}
    )
    container = of_kind(objects, "Deployment")["frontdesk-ocr"]["spec"]["template"]["spec"]["containers"][0]
    egress = of_kind(objects, "NetworkPolicy")["frontdesk-ocr"]["spec"]["egress"]

    assert "FRONTDESK_OTLP_TO_OBSERVER" not in {setting["name"] for setting in container["env"]}
    assert {"protocol": "TCP", "port": 4318} in [port for rule in egress for port in rule["ports"]]
