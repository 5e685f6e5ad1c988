import base64
import stat
from pathlib import Path

import pytest

from frontdesk.stack import Stack, StackError, load_environment, make_secrets


def test_secrets_are_made_once_and_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    first = make_secrets(tmp_path, given={})

    assert make_secrets(tmp_path, given={}) == first
    assert len(base64.b64decode(first["FRONTDESK_MASTER_KEY"])) == 32
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600


def test_a_process_is_told_where_everything_is_and_what_is_given_goes_before(tmp_path: Path) -> None:
    given = {"AMQP_URL": "amqp://elsewhere/", "FRONTDESK_ADMIN_TOKEN": "given"}

    environment = load_environment(tmp_path, given)

    assert environment["AMQP_URL"] == "amqp://elsewhere/"
    assert environment["DATABASE_URL"].startswith("postgresql://frontdesk_owner:")
    assert environment["BLOB_URL"] == (tmp_path / "blobs").as_uri()
    assert environment["FRONTDESK_ADMIN_TOKEN"] == "given"
    assert (
        environment["FRONTDESK_SERVICE_TOKEN"] == make_secrets(tmp_path, given={})["FRONTDESK_SERVICE_TOKEN"]
    )


def test_what_lies_in_a_file_replaces_the_local_stacks_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AMQP_URL", "DATABASE_URL", "FRONTDESK_ADMIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FRONTDESK_SECRETS_DIR", str(tmp_path))
    (tmp_path / "amqp_url").write_text("amqp://from-a-file/\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "database"))
    (tmp_path / "database").write_text("postgresql://from-another/")

    assert Stack.at(tmp_path / "local").amqp_url == "amqp://from-a-file/"
    assert load_environment(tmp_path / "local")["DATABASE_URL"] == "postgresql://from-another/"

    (tmp_path / "database").unlink()
    with pytest.raises(StackError, match="DATABASE_URL_FILE"):
        load_environment(tmp_path / "local")
