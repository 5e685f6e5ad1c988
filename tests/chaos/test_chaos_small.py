"""`make chaos` in a small form: everything is killed once and nothing is lost; without a guard something is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
pytestmark = [pytest.mark.outage, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def stack_is_stopped_at_the_end() -> Iterator[None]:
    """The runs leave broker and database to each other; whoever is last takes them down."""
    yield
    _run("--down")


def test_everything_is_killed_under_load_and_nothing_is_lost_or_doubled() -> None:
    targets = "--targets=orchestrator,broker,ocr,postgres"
    code, said = _chaos("--enquiries=12", "--kills=4", targets, "--seconds=15", "--lease=10", "--again=0.1")
    assert code == 0, said
    assert "nothing is lost, nothing is doubled" in said, said
    for victim in (
        "orchestrator",
        "broker",
        "ocr",
        "postgres",
        "notification",
        "file-management",
        "crm-sync",
    ):
        assert any(" kill " in line and f" {victim} " in line for line in said.splitlines()), said


def test_without_the_inbox_a_letter_delivered_twice_is_answered_twice() -> None:
    code, said = _chaos("--break=inbox", "--moments=", "--again=0")
    assert code == 1, said
    assert "doubled: replies at the mail server" in said, said


def test_without_the_claim_a_file_is_kept_twice_when_the_answer_to_its_upload_is_lost() -> None:
    code, said = _chaos("--break=claim", "--moments=graph", "--again=0")
    assert code == 1, said
    assert "doubled: documents in the drive" in said, said


def test_acknowledged_too_early_a_lead_is_forgotten_when_its_service_is_killed() -> None:
    code, said = _chaos("--break=ack", "--moments=weclapp", "--again=0")
    assert code == 1, said
    assert "lost: tasks in the CRM" in said, said


def _chaos(*switches: str) -> tuple[int, str]:
    """Run it; returns the exit code and what was printed."""
    return _run(
        "--enquiries=4",
        "--kills=0",
        "--seconds=2",
        "--seed=5",
        "--patience=150",
        "--fork",
        "--keep",
        *switches,
    )


def _run(*switches: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, str(RUN), *switches], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
