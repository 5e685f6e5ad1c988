"""The fleet with real vendors, as a person runs it: migrated, examined, started, and told what is missing."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from frontdesk.fleet.roster import service_points
from frontdesk.fleet.vendor_settings import missing
from frontdesk.stack import Stack, place_of_its_own
from testkit.service import free_port
from testkit.stack import name_of_this_session

pytestmark = pytest.mark.timeout(180)
Environment = Mapping[str, str]


@pytest.fixture(scope="module")
def installation(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An installation of its own, whose remembered ports are free but for one."""
    folder = tmp_path_factory.mktemp("up")
    ports = {point.name: free_port() for point in service_points()}
    with (
        place_of_its_own(stack, name_of_this_session()) as place,
        socket.create_server(("127.0.0.1", 0)) as stranger,
    ):
        ports["ocr"] = stranger.getsockname()[1]
        (folder / "fleet.json").write_text(json.dumps(ports))
        yield os.environ | place | {"FRONTDESK_LOCAL": str(folder)}


@pytest.fixture(scope="module")
def migrated(installation: Environment) -> Environment:
    """The same with its schemas and queues."""
    done = frontdesk(installation, "migrate")
    assert done.returncode == 0, done.stderr
    assert f"{len(service_points())} services: schemas and queues are up to date" in done.stdout
    return installation


@pytest_asyncio.fixture(scope="module")
async def said(migrated: Environment) -> AsyncIterator[str]:
    """What `frontdesk up --real-vendors` says until its doors are open; it runs until the tests are done."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontdesk", "up", "--real-vendors", env=migrated,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(90):
        while not lines or "stop with Ctrl-C" not in lines[-1]:
            line = await process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line.decode())
    yield "".join(lines)
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 40) == 0


async def test_a_fleet_without_vendors_starts_on_free_ports_and_says_which_settings_are_missing(
    migrated: Environment, said: str
) -> None:
    for name in ("CONVERSATION_MODEL__PROVIDER", "OCR_MODEL__PROVIDER", "NOTIFICATION_FLEET_SMTP_HOST"):
        assert f"missing: {name} is not set" in said
    assert "in each tenant's credentials" in said
    ports: dict[str, int] = json.loads((Path(migrated["FRONTDESK_LOCAL"]) / "fleet.json").read_text())
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, port in ports.items():
            assert f"http://127.0.0.1:{port}/docs" in said
            ready = await http.get(f"http://127.0.0.1:{port}/readyz")
            assert ready.status_code == 200, f"{name}: {ready.text}"


async def test_the_doctor_finds_a_fleet_that_runs_in_good_health(migrated: Environment, said: str) -> None:
    done = await asyncio.to_thread(frontdesk, migrated, "doctor", "--json")

    findings = json.loads(done.stdout)
    assert done.returncode == 0
    assert [finding["name"] for finding in findings if not finding["ok"]] == []
    assert {finding["name"] for finding in findings if finding["topic"] == "Migrated"} == {
        point.name for point in service_points()
    }


async def test_a_fleet_that_runs_is_not_started_twice(migrated: Environment, said: str) -> None:
    again = await asyncio.to_thread(frontdesk, migrated, "up", "--real-vendors")

    assert again.returncode == 1
    assert "runs already" in again.stderr
    assert "Traceback" not in again.stderr


def test_a_setting_that_is_wrong_is_named_without_its_value(migrated: Environment) -> None:
    wrong = {
        "CONVERSATION_MODEL__PROVIDER": "geheim",
        "FRONTDESK_LOCAL": migrated["FRONTDESK_LOCAL"] + "-wrong",
    }

    done = frontdesk({**migrated, **wrong}, "up", "--real-vendors")

    assert done.returncode == 1
    assert "conversation cannot be set so: model__provider" in done.stderr
    assert "geheim" not in done.stderr


def test_vendors_that_are_named_are_not_missing() -> None:
    named = {
        "CONVERSATION_MODEL": '{"provider": "openai", "api_key": "a-key"}',
        "OCR_MODEL__PROVIDER": "gemini",
        "BILLING_STRIPE_KEY": "sk_test_1",
        "NOTIFICATION_FLEET_SMTP_HOST": "mail.example",
    }

    assert [sentence.partition(" ")[0] for sentence in missing(named)] == ["NOTIFICATION_FLEET_SMTP_SENDER"]


def frontdesk(environment: Environment, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "frontdesk", *words],
        env=dict(environment), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
