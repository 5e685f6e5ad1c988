"""The workflows fit GitHub's schemas, call what there is, and may do no more than they must."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
TEXTS = {file.name: file.read_text() for file in WORKFLOWS}
every_workflow = pytest.mark.parametrize("name", TEXTS)

PATHS = re.compile(
    r"(?<![\w/.-])(?:head/|base/)?((?:deploy|helm|tests|libs|services|contracts|docs)/[\w./*-]*\w)"
)
VERBS = re.compile(r"\bmake(?: -C \S+)? ([a-z-]+)")
COMMANDS = re.compile(r"\.venv/bin/frontdesk ([a-z-]+)")


def flaws_of(text: str, verbs: set[str], commands: set[str]) -> list[str]:
    """What a workflow calls that is not there, and what it may do that it should not."""
    workflow: dict[str, Any] = yaml.safe_load(text)
    found = [f"there is no make {verb}" for verb in VERBS.findall(text) if verb not in verbs]
    found += [f"there is no frontdesk {word}" for word in COMMANDS.findall(text) if word not in commands]
    found += [
        f"there is no {path}"
        for path in PATHS.findall(re.sub(r"\$\{\{.*?\}\}", "*", text))
        if not list(ROOT.glob(path))
    ]
    if workflow.get("permissions") != {"contents": "read"}:
        found.append("its permissions are not contents: read")
    if "concurrency" not in workflow:
        found.append("two runs of one branch are not kept apart")
    for name, job in workflow["jobs"].items():
        if "timeout-minutes" not in job:
            found.append(f"{name} may run for ever")
        for step in job["steps"]:
            if "uses" in step and not _pinned(step["uses"]):
                found.append(f"{step['uses']} is not pinned")
            if "github.event" in step.get("run", "") or "github.head_ref" in step.get("run", ""):
                found.append(f"{name} puts words of strangers into a shell")
            if (
                step.get("uses", "").startswith("actions/checkout@")
                and step["with"].get("persist-credentials") is not False
            ):
                found.append(f"{name} leaves its token in the checkout")
    return found


def _pinned(action: str) -> bool:
    return re.fullmatch(r"[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40})", action) is not None


@pytest.fixture(scope="module")
def there_is() -> tuple[set[str], set[str]]:
    """The verbs of make, and of the command line."""
    verbs = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    shown = frontdesk("--help")
    return verbs, set(re.findall(r"^\W*([a-z-]+) ", shown, re.M))


def frontdesk(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "frontdesk", *words], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_what_users_of_the_repository_are_promised_is_there() -> None:
    assert set(TEXTS) == {"ci.yml", "performance.yml", "images.yml", "chart.yml", "release.yml"}


@pytest.mark.parametrize(
    ("schema", "files"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.dependabot", [ROOT / ".github" / "dependabot.yml"])],
)
def test_they_fit_githubs_own_schemas(schema: str, files: list[Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


@every_workflow
def test_a_workflow_calls_what_there_is_and_may_do_little(
    name: str, there_is: tuple[set[str], set[str]]
) -> None:
    assert flaws_of(TEXTS[name], *there_is) == []


@pytest.mark.parametrize(
    ("was", "becomes", "flaw"),
    [
        ("run: make test", "run: make tests", "there is no make tests"),
        ("frontdesk generate", "frontdesk generat", "there is no frontdesk generat"),
        ("contents: read", "contents: write", "its permissions are not contents: read"),
        ("actions/setup-python@v5", "actions/setup-python@main", "actions/setup-python@main is not pinned"),
        ("run: make down", "run: tests/gone.sh", "there is no tests/gone.sh"),
        (
            "run: make down",
            "run: echo ${{ github.event.pull_request.title }}",
            "test puts words of strangers into a shell",
        ),
    ],
)
def test_a_workflow_that_is_wrong_is_found(
    was: str, becomes: str, flaw: str, there_is: tuple[set[str], set[str]]
) -> None:
    assert was in TEXTS["ci.yml"]
    assert flaw in flaws_of(TEXTS["ci.yml"].replace(was, becomes), *there_is)


def test_images_are_built_of_the_roster_and_of_nothing_typed() -> None:
    images: dict[str, Any] = yaml.safe_load(TEXTS["images.yml"])
    matrix = images["jobs"]["build"]["strategy"]["matrix"]

    assert matrix == {"service": "${{ fromJSON(needs.roster.outputs.services) }}"}
    services = {folder.parent.name for folder in ROOT.glob("services/*/pyproject.toml")}
    assert set(json.loads(frontdesk("roster"))) == services


def test_figures_that_are_compared_are_those_of_the_bench() -> None:
    performance: dict[str, Any] = yaml.safe_load(TEXTS["performance.yml"])
    limits = json.loads((ROOT / "deploy" / "observer_config.json").read_text())["performance"]

    assert set(performance["env"]["FIGURES"].split()) <= limits.keys()
