import base64
import stat
from pathlib import Path

from frontdesk.stack import load_environment, make_secrets


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
