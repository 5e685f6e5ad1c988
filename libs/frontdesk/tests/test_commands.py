"""What the commands say when something is not as it should be: one sentence, and no secret in it."""

import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from frontdesk.commands import COMMANDS
from frontdesk.fleet.seed import read_tenants


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An installation of its own where nothing runs; the address where its gateway would be."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("FRONTDESK_LOCAL", str(tmp_path / "local"))
    monkeypatch.setenv("FRONTDESK_URL", address)
    monkeypatch.setenv("AMQP_URL", "amqp://nobody:nothing@127.0.0.1:1/")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:nothing@127.0.0.1:1/frontdesk")
    return address


def ask(*words: str) -> Result:
    app = typer.Typer()
    for register in COMMANDS:
        register(app)
    return CliRunner().invoke(app, list(words))


def test_a_trace_while_nothing_runs_says_that_the_fleet_must_be_started(away: str) -> None:
    answer = ask("trace", "lead/1")

    assert answer.exit_code == 1
    assert away in answer.output
    assert "make run" in answer.output


def test_a_dead_letter_is_not_mended_with_what_is_no_json(away: str, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text('{"lead_id": ')

    answer = ask("dead-letters", "mend", "0198", str(tmp_path / "body.json"))

    assert answer.exit_code == 1
    assert "holds no JSON" in answer.output


def test_dead_letters_without_a_database_point_to_the_doctor(away: str) -> None:
    answer = ask("dead-letters", "list", "--service", "ocr")

    assert answer.exit_code == 1
    assert "frontdesk doctor" in answer.output


def test_seeding_asks_this_checkouts_own_tenancy_and_says_when_it_is_not_there(
    away: str, tmp_path: Path
) -> None:
    (tmp_path / "tenants.yaml").write_text("muster: {name: Muster}\n")

    answer = ask("seed", str(tmp_path / "tenants.yaml"))

    assert answer.exit_code == 1
    assert "tenancy at http://127.0.0.1:" in answer.output
    assert "make run" in answer.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("muster: {name: a, password: geheim", "is no YAML"),
        ("muster: geheim\n", "muster is not a mapping"),
        ("muster: {password: geheim, host: $smtp_host}\n", "smtp_host"),
        ("muster: {password: geheim$}\n", "placeholder"),
    ],
)
def test_a_file_of_tenants_that_cannot_be_read_is_told_without_its_values(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(text)

    with pytest.raises(ValueError, match=said) as caught:
        read_tenants(file, {})

    assert "geheim" not in str(caught.value)
