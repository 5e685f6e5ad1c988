"""Each import rule is broken once on a copy of the code: a rule that cannot fail guards nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

VIOLATIONS = [
    ("packages", "ocr/app.py", "import tenancy"),
    ("packages", "chassis/wire.py", "import vendorkit"),
    ("packages", "vendorkit/errors.py", "import llm"),
    ("packages", "contracts/envelope.py", "import chassis"),
    ("packages", "frontdesk/checkout.py", "import tenancy"),
    ("rooms", "tenancy/helpers.py", ""),
    ("rooms", "tenancy/domain/tenant.py", "import tenancy.application"),
    ("rooms", "tenancy/application/ports.py", "import tenancy.settings"),
    ("rooms", "tenancy/settings.py", "import tenancy.adapters"),
    ("rooms", "tenancy/entrypoints/http/tenants.py", "import tenancy.adapters.store"),
    ("rooms", "tenancy/adapters/store.py", "import tenancy.entrypoints"),
    ("domain-is-pure", "orchestrator/domain/lead.py", "import contracts"),
    ("domain-is-pure", "orchestrator/domain/lead.py", "import sqlalchemy"),
    ("application-is-plain", "tenancy/application/ports.py", "import chassis"),
    ("application-is-plain", "tenancy/application/ports.py", "from sqlmodel import Session"),
    ("application-is-plain", "tenancy/application/ports.py", "import httpx2"),
    ("vendors-are-strangers", "crm_sync/adapters/weclapp.py", "import crm_sync.adapters.hubspot"),
    ("one-way-to-the-models", "conversation/adapters/model.py", "import openai"),
    ("one-way-to-the-models", "ocr/app.py", "from google import genai"),
    ("no-props-on-stage", "chassis/wire.py", "import testkit"),
    ("no-props-on-stage", "frontdesk/checkout.py", "import sandbox.server"),
    ("vendors-pretend-outside", "sandbox/wire.py", "import contracts"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("code")
    for source in (ROOT / "contracts" / "src", *ROOT.glob("libs/*/src"), *ROOT.glob("services/*/src")):
        shutil.copytree(source, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    _place(copy / "crm_sync/adapters/hubspot.py", "")
    return copy


def test_the_code_keeps_every_import_rule(copied: Path) -> None:
    assert _lint(copied).returncode == 0


@pytest.mark.parametrize(("rule", "file", "line"), VIOLATIONS)
def test_a_forbidden_import_breaks_its_rule(copied: Path, rule: str, file: str, line: str) -> None:
    place = copied / file
    before = place.read_text() if place.exists() else None
    _place(place, f"{before or ''}\n{line}\n")

    done = _lint(copied, "--contract", rule)

    assert done.returncode == 1
    assert "1 broken" in done.stdout
    if before is None:
        place.unlink()
    else:
        place.write_text(before)


def _place(file: Path, text: str) -> None:
    """Write a module, and make the rooms above it packages."""
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(text)


def _lint(code: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--config", code / "pyproject.toml", *arguments],
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        check=False,
    )
