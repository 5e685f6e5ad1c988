"""`python -m sandbox` as a process: it says where it is, keeps its state, and ends when asked to."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

PARTY = "/weclapp/acme/webapp/api/v2/party"
HEADERS = {"AuthenticationToken": "t"}


@contextmanager
def _program(*flags: str, end_with: signal.Signals = signal.SIGTERM) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "sandbox", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("sandbox ready at http://127.0.0.1:")
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(end_with)
            assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("end_with", [signal.SIGTERM, signal.SIGINT])
def test_the_program_ends_cleanly_even_with_a_request_hanging(end_with: signal.Signals) -> None:
    with _program("--no-mail", end_with=end_with) as addresses:
        assert httpx.get(f"{addresses['control']}/health", trust_env=False).status_code == 200
        fault = {"vendor": "openai", "kind": "hang"}
        httpx.post(f"{addresses['control']}/faults", json=fault, trust_env=False)
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{addresses['openai']}/models", trust_env=False, timeout=0.3)


def test_customers_and_files_outlive_a_restart(tmp_path: Path) -> None:
    def new_customer(addresses: dict[str, str], name: str) -> str:
        body = {"partyType": "PERSON", "lastName": name}
        answer = httpx.post(addresses["sandbox"] + PARTY, json=body, headers=HEADERS, trust_env=False)
        return answer.json()["id"]

    with _program("--no-mail", "--state-dir", str(tmp_path)) as addresses:
        first = new_customer(addresses, "Müller")
        files = {"graph": {"files": [{"user": "a@example.org", "path": "/A/ä.txt", "content": "eA=="}]}}
        httpx.post(f"{addresses['control']}/seed", json=files, trust_env=False)
    with _program("--no-mail", "--state-dir", str(tmp_path)) as addresses:
        assert new_customer(addresses, "Maier") != first
        state = httpx.get(f"{addresses['control']}/state", trust_env=False).json()
        assert [party["lastName"] for party in state["weclapp"]["acme"]["party"]] == ["Müller", "Maier"]
        assert [item["path"] for item in state["graph"]["a@example.org"]] == ["/A", "/A/ä.txt"]


def test_the_mail_servers_start_with_it_and_are_told_with_the_other_addresses(tmp_path: Path) -> None:
    with _program("--state-dir", str(tmp_path)) as addresses:
        told = httpx.get(f"{addresses['control']}/addresses", trust_env=False).json()
        assert {"smtp", "imap", "imaps"} <= set(told)
        assert httpx.get(f"{addresses['control']}/mail/addresses", trust_env=False).status_code == 200
