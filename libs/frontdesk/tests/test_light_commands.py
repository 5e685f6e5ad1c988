"""Whoever asks for help, or what is installed, does not wait for the chassis and twelve services to be loaded."""

import subprocess
import sys

import pytest

HEAVY = {"chassis", "sqlalchemy", "fastapi", "faststream", "alembic", "asyncpg", "httpx", "tenancy", "ocr"}


@pytest.mark.parametrize("words", [("--help",), ("setup-check",), ("stack", "status", "--help")])
def test_a_light_command_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "frontdesk", *words],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "frontdesk" in loaded
    assert loaded & HEAVY == set()
