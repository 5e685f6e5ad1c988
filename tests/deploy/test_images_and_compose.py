"""The Dockerfile and the Compose fleet, against the roster, the schema of Compose and each other."""

from __future__ import annotations

import functools
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib.metadata import requires
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testkit.architecture.tree import Tree

ROOT = Path(__file__).parents[2]
TREE = Tree(ROOT)
SERVICES = {service.name for service in TREE.services()}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_bytes()


def test_the_compose_files_are_as_compose_wants_them() -> None:
    files = [ROOT / "docker-compose.yml", ROOT / "deploy" / "compose" / "observability.yml"]
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout


def test_compose_runs_the_whole_roster_and_migrates_each() -> None:
    given = COMPOSE["services"].keys() - {"sandbox", "rabbitmq", "postgres", "redis"}

    assert given == SERVICES | {f"{name}-migrate" for name in SERVICES}
    for name in SERVICES:
        waits = COMPOSE["services"][name]["depends_on"]
        assert waits[f"{name}-migrate"] == {"condition": "service_completed_successfully"}


def test_the_gateway_and_the_observer_know_everyone_in_compose() -> None:
    gateway = json.loads(COMPOSE["services"]["gateway"]["environment"]["GATEWAY_UPSTREAMS"])
    observer = json.loads(COMPOSE["services"]["observer"]["environment"]["OBSERVER_SERVICES"])

    assert gateway.keys() == SERVICES - {"gateway"}
    assert observer.keys() == SERVICES


def test_prometheus_beside_compose_reads_everyone() -> None:
    file = ROOT / "deploy" / "compose" / "prometheus.yml"
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["scrape_configs"]
    read = [(target["targets"], target["labels"]) for target in jobs[0]["static_configs"]]

    assert sorted(labels["service"] for _, labels in read) == sorted(SERVICES)
    assert all(targets == [f"{labels['service']}:8080"] for targets, labels in read)


def test_only_migrations_know_the_owner_of_the_database() -> None:
    for name, service in COMPOSE["services"].items():
        knows = "database_owner_url" in json.dumps(service.get("secrets", []))
        assert knows == name.endswith("-migrate"), name


def test_broker_and_database_read_the_settings_that_are_shipped() -> None:
    for service, file, place in (
        ("postgres", "./deploy/postgres/postgresql.conf", "/etc/postgresql/postgresql.conf"),
        ("rabbitmq", "./deploy/rabbitmq/rabbitmq.conf", "/etc/rabbitmq/conf.d/20-frontdesk.conf"),
    ):
        assert f"{file}:{place}:ro" in COMPOSE["services"][service]["volumes"]
        assert (ROOT / file).is_file()
    assert COMPOSE["services"]["postgres"]["command"][-1] == "config_file=/etc/postgresql/postgresql.conf"


def test_what_is_secret_stands_in_files_that_the_script_makes() -> None:
    script = (ROOT / "deploy" / "compose" / "secrets.sh").read_text(encoding="utf-8")

    assert set(re.findall(r"^keep (\w+)", script, re.MULTILINE)) == COMPOSE["secrets"].keys()


def test_the_image_runs_without_rights_and_says_whether_it_is_well() -> None:
    steps = DockerfileParser(fileobj=BytesIO(DOCKERFILE)).structure
    last = {
        step["instruction"]: step["value"] for step in steps if step["instruction"] not in ("COMMENT", "RUN")
    }

    assert last["USER"] == "10001:10001"
    assert "/health" in last["HEALTHCHECK"]
    assert [step["instruction"] for step in steps].count("FROM") == 2
    assert "org.opencontainers.image.version" in last["LABEL"]


def test_the_image_is_built_by_the_same_uv_as_the_checkout() -> None:
    setup = (ROOT / "deploy" / "setup.sh").read_text(encoding="utf-8")
    version = re.search(r"UV_VERSION=(\S+)", setup)

    assert version is not None
    assert f"UV_VERSION={version[1]}" in DOCKERFILE.decode()


def test_programs_beside_python_are_listed_once() -> None:
    lists = {file.stem for file in (ROOT / "deploy" / "system-packages").glob("*.txt")}
    setup = (ROOT / "deploy" / "setup.sh").read_text(encoding="utf-8")

    assert lists <= SERVICES | {"sandbox"}
    assert {name for name in lists if f"deploy/system-packages/{name}.txt" in setup} == lists


def test_an_image_gets_everything_that_its_service_requires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lock_of = runpy.run_path("deploy/lock_of_member.py")["lock_of"]

    for service in sorted(SERVICES):
        given = {canonicalize_name(name) for name, _ in lock_of(f"services/{service}")}
        wanted = required(f"frontdesk-{service}")
        assert wanted - given == set(), service
        assert {name for name in given if name.startswith("frontdesk")} <= wanted, service


@functools.cache
def requirements(name: str) -> list[Requirement]:
    return [Requirement(text) for text in requires(name) or ()]


def required(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """What is installed here because of one package, the package itself too."""
    found: set[str] = set()
    open_ones = [(name, extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while open_ones:
        one, wanted = open_ones.pop()
        if (one, wanted) in seen:
            continue
        seen.add((one, wanted))
        found.add(one)
        open_ones += [
            (canonicalize_name(requirement.name), frozenset(requirement.extras))
            for requirement in requirements(one)
            if requirement.marker is None
            or any(requirement.marker.evaluate({"extra": extra}) for extra in wanted | {""})
        ]
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image of reporting holds, built by the Dockerfile's own steps."""
    images = tmp_path_factory.mktemp("images")
    # What `make setup` has stored is enough; where that was thrown away, it is fetched anew.
    stored = {"UV_COMPILE_BYTECODE": "0", "UV_LINK_MODE": "hardlink", "FRONTDESK_IMAGES": str(images)}
    rehearsal = ["bash", ROOT / "deploy" / "rehearse.sh", "reporting"]
    offline = subprocess.run(
        rehearsal, check=False, env={**os.environ, **stored, "UV_OFFLINE": "1"}, timeout=240
    )
    if offline.returncode:
        subprocess.run(rehearsal, check=True, env={**os.environ, **stored}, timeout=240)
    _lend_bytecode(images / "reporting" / ".venv")
    return images / "reporting"


def _lend_bytecode(venv: Path) -> None:
    """What this checkout has compiled of the very same files: the image is not compiled for a test."""
    ours, theirs = (next(root.glob("lib/python3*/site-packages")) for root in (ROOT / ".venv", venv))
    for folder in ours.rglob("__pycache__"):
        target = theirs / folder.relative_to(ours)
        if target.parent.is_dir() and not target.exists():
            shutil.copytree(folder, target)


def test_an_image_holds_one_service_and_no_stranger(image: Path) -> None:
    assert [folder.name for folder in (image / "services").iterdir()] == ["reporting"]
    installed = {
        file.name.partition("-")[0]
        for file in (image / ".venv/lib").glob("python3*/site-packages/*.dist-info")
    }
    assert "frontdesk_reporting" in installed
    assert installed.isdisjoint(
        {"pytest", "openai", "playwright", "locust", "frontdesk_sandbox", "frontdesk_ocr"}
    )


def test_a_service_in_its_image_names_the_secret_that_it_lacks(image: Path) -> None:
    lacking = {
        "PATH": f"{image}/.venv/bin:/usr/bin:/bin", "AMQP_URL": "amqp://nobody", "DATABASE_URL": "postgresql://nowhere/x",
        "BLOB_URL": "memory://", "FRONTDESK_SERVICE_TOKEN": "x", "FRONTDESK_ADMIN_TOKEN": "x",
    }  # fmt: skip

    ended = subprocess.run(
        [image / "entrypoint"], env=lacking, capture_output=True, text=True, check=False, timeout=60
    )

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "FRONTDESK_MASTER_KEY: is missing" in ended.stderr
