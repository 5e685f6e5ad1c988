import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.migration import migrate
from frontdesk.diagnosis.finding import Finding
from frontdesk.diagnosis.migrated import MigrationState, migrations_state
from frontdesk.diagnosis.reachable import reachable
from frontdesk.stack import Stack
from tenancy.app import create_service
from testkit.stack import name_of_this_session


@pytest.fixture
def empty_database(stack: Stack) -> Iterator[str]:
    """A database that no other test has migrated."""
    name = name_of_this_session()
    yield stack.create_database(name)
    stack.drop_database(name)


def test_the_doctor_sees_when_a_schema_is_as_new_as_its_code(
    environment: dict[str, str], empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**environment, "DATABASE_URL": empty_database}.items():
        monkeypatch.setenv(name, value)
    assert not _state_of("tenancy", empty_database).up_to_date

    asyncio.run(migrate(create_service()))

    state = _state_of("tenancy", empty_database)
    assert state.up_to_date
    assert state.current is not None


def test_the_doctor_fails_and_says_what_to_do_and_from_where_each_secret_comes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "frontdesk_admin_token").write_text(environment["FRONTDESK_ADMIN_TOKEN"])
    elsewhere = {"FRONTDESK_SECRETS_DIR": str(tmp_path), "FRONTDESK_ADMIN_TOKEN": ""}
    nobody_there = {
        "AMQP_URL": "amqp://guest:secret@127.0.0.1:1/",
        "DATABASE_URL": environment["DATABASE_URL"],
    }

    done = subprocess.run(
        [sys.executable, "-m", "frontdesk", "doctor", "--json"],
        env={**os.environ, **environment, **nobody_there, **elsewhere},
        capture_output=True,
        text=True,
        check=False,
    )

    findings = {finding["name"]: Finding(**finding) for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert findings["database"].ok
    assert not findings["broker"].ok
    assert findings["broker"].advice
    assert findings["tesseract, German"].ok
    assert findings["FRONTDESK_ADMIN_TOKEN"].found == f"from {tmp_path}/frontdesk_admin_token"
    assert findings["FRONTDESK_MASTER_KEY"].found == "from the environment"
    assert environment["FRONTDESK_ADMIN_TOKEN"] not in done.stdout
    assert "secret" not in done.stdout


async def test_a_broker_and_a_database_that_answer_are_reported_as_reachable(
    environment: dict[str, str],
) -> None:
    findings = await reachable(environment["AMQP_URL"], environment["DATABASE_URL"], management_url=None)

    assert [finding.ok for finding in findings] == [True, True, True]


def _state_of(service: str, database_url: str) -> MigrationState:
    return next(state for state in migrations_state(database_url) if state.service == service)
