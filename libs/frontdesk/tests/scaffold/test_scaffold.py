"""What the scaffolds write is accepted by the rules, and works: on a copy of the tree."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from frontdesk.scaffold import CannotScaffold, apply, new_event, new_service, new_vendor
from frontdesk.scaffold.deployed import COMPOSE, PROMETHEUS, VALUES
from testkit.architecture import readme, rooms, roster, sources
from testkit.architecture.tree import Tree

ROOT = Path(__file__).parents[4]
BIN = Path(sys.executable).parent
LISTED = "libs/chassis/src/chassis/roster.py"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the tree, as far as the scaffolds and the rules look at it."""
    without = shutil.ignore_patterns("__pycache__", ".*", "letters")
    for name in ("contracts", "services", "libs/testkit", "libs/frontdesk"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=without)
    for project in ROOT.glob("libs/*/pyproject.toml"):
        (tmp_path / project.relative_to(ROOT)).parent.mkdir(exist_ok=True)
        shutil.copy(project, tmp_path / project.relative_to(ROOT))
    for name in ("pyproject.toml", "README.md", LISTED, VALUES, COMPOSE, PROMETHEUS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_new_service_keeps_every_rule(root: Path) -> None:
    before = roster.flaws(Tree(root))

    written = apply(root, new_service(root, "call-desk", port=8042, hears="LeadCreated", does="takes calls"))

    tree = Tree(root)
    service = tree.service("call-desk")
    assert rooms.flaws(service) + sources.flaws(service) + readme.flaws(service) == []
    assert roster.flaws(tree) == before
    assert roster.port_of(service) == 8042
    assert roster.listed(tree)["call-desk"] == 8042
    lint(root, written)


def test_a_new_service_is_deployed_with_the_others(root: Path) -> None:
    apply(root, new_service(root, "call-desk", port=8042, hears="LeadCreated", does="takes calls"))

    values, compose, prometheus = (
        yaml.safe_load((root / place).read_text()) for place in (VALUES, COMPOSE, PROMETHEUS)
    )
    before = yaml.safe_load((ROOT / COMPOSE).read_text())["services"]
    fleet = compose["services"]
    assert values["services"]["call-desk"] == {"scale": {"min": 1, "max": 4}}
    assert fleet.keys() - before.keys() == {"call-desk", "call-desk-migrate"}
    # As a service of ours that has nothing of its own.
    for new, known in (("call-desk", "reporting"), ("call-desk-migrate", "reporting-migrate")):
        assert json.dumps(fleet[new]) == json.dumps(before[known]).replace("reporting", "call-desk")
    for asking, setting in (("gateway", "GATEWAY_UPSTREAMS"), ("observer", "OBSERVER_SERVICES")):
        assert "call-desk" in values["services"][asking]["asks"]
        assert json.loads(fleet[asking]["environment"][setting])["call-desk"] == "http://call-desk:8080"
    targets = prometheus["scrape_configs"][0]["static_configs"]
    assert targets[-1] == {"targets": ["call-desk:8080"], "labels": {"service": "call-desk"}}


def test_a_new_service_hears_keeps_and_can_be_migrated(root: Path, amqp_url: str, database_url: str) -> None:
    apply(root, new_service(root, "call-desk", port=8042, hears="LeadCreated", does="takes calls"))

    done = run_tests(
        root,
        "services/call-desk",
        path=["services/call-desk/src"],
        AMQP_URL=amqp_url,
        DATABASE_URL=database_url,
    )

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


@pytest.mark.parametrize(("noun", "command"), [("viewings", False), ("leads", True), ("crm", False)])
def test_a_new_event_keeps_every_law(root: Path, noun: str, *, command: bool) -> None:
    name = "BookViewing" if command else "ViewingBooked"

    written = apply(
        root,
        new_event(root, name, noun=noun, about="viewing_id", says="A viewing has a date.", command=command),
    )

    done = run_tests(
        root, "contracts/tests/test_classes.py", "contracts/tests/test_examples.py", path=["contracts/src"]
    )
    assert done.returncode == 0, done.stdout
    assert f"contracts/examples/{noun}/viewing.{'book' if command else 'booked'}.v1/full.json" in written
    lint(root, written)


def test_a_new_vendor_keeps_every_rule_and_its_failures_are_known(root: Path) -> None:
    written = apply(root, new_vendor(root, "pipedrive", service="crm-sync"))

    service = Tree(root).service("crm-sync")
    assert rooms.flaws(service) + sources.flaws(service) == []
    assert '"*.adapters.pipedrive"' in (root / "pyproject.toml").read_text()
    lint(root, written)
    done = run_tests(
        root, "services/crm-sync/tests/vendors/test_pipedrive.py", path=["services/crm-sync/src"]
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_a_vendor_in_a_service_without_vendors_brings_the_library(root: Path) -> None:
    apply(root, new_vendor(root, "clickhouse", service="reporting"))

    project = Tree(root).service("reporting").project
    assert "frontdesk-vendorkit" in project["project"]["dependencies"]
    assert project["tool"]["uv"]["sources"]["frontdesk-vendorkit"] == {"workspace": True}


@pytest.mark.parametrize(
    ("name", "port", "hears", "reason"),
    [
        ("CallDesk", 8042, "LeadCreated", "kebab-case"),
        ("ocr", 8042, "LeadCreated", "already there"),
        ("call-desk", 8007, "LeadCreated", "8007 is taken"),
        ("call-desk", 8042, "PhoneRang", "no message PhoneRang"),
    ],
)
def test_a_service_that_cannot_be_is_refused_with_the_reason(
    name: str, port: int, hears: str, reason: str
) -> None:
    with pytest.raises(CannotScaffold, match=reason):
        new_service(ROOT, name, port=port, hears=hears, does="takes calls")


@pytest.mark.parametrize(
    ("name", "about", "reason"),
    [
        ("Booked", "viewing_id", "participle"),
        ("viewing_booked", "viewing_id", "participle"),
        ("LeadCreated", "lead_id", "already a message"),
        ("ViewingBooked", "viewing", "--about"),
    ],
)
def test_an_event_that_cannot_be_is_refused_with_the_reason(name: str, about: str, reason: str) -> None:
    with pytest.raises(CannotScaffold, match=reason):
        new_event(ROOT, name, noun="viewings", about=about, says="Something.")


def test_a_vendor_that_is_there_is_not_overwritten() -> None:
    with pytest.raises(CannotScaffold, match="already"):
        new_vendor(ROOT, "weclapp", service="crm-sync")
    with pytest.raises(CannotScaffold, match="no service"):
        new_vendor(ROOT, "weclapp", service="fax")


def test_nothing_is_written_when_a_file_stands_in_the_way(root: Path) -> None:
    plan = new_vendor(root, "pipedrive", service="crm-sync")
    in_the_way = root / "services/crm-sync/tests/vendors/test_pipedrive.py"
    in_the_way.write_text("mine\n")

    with pytest.raises(CannotScaffold, match="there is already"):
        apply(root, plan)
    assert in_the_way.read_text() == "mine\n"
    assert not (root / "services/crm-sync/src/crm_sync/adapters/pipedrive.py").exists()


def lint(root: Path, written: list[str]) -> None:
    python = [path for path in written if path.endswith(".py")]
    for verb in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [BIN / "ruff", *verb, *python], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def run_tests(
    root: Path, *what: str, path: list[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy with the copy's packages in front."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", root, "-c", "pyproject.toml", *what],
        cwd=root,
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(str(root / part) for part in path)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
