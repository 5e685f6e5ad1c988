"""The secrets of one instance, made once, and the environment a service process needs."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

from frontdesk.stack.stack import Stack
from frontdesk.stack.surroundings import surroundings

_NAMES = ("FRONTDESK_MASTER_KEY", "FRONTDESK_SERVICE_TOKEN", "FRONTDESK_ADMIN_TOKEN")


def load_environment(folder: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Everything a service process needs to know to run on the stack of this folder.

    What is `given` goes before: the environment, and the secrets in files or in Vault, unless told otherwise.
    """
    given = surroundings() if given is None else given
    stack = Stack.at(folder, given)
    management = stack.management_url
    return {
        **({"RABBITMQ_MANAGEMENT_URL": management} if management else {}),
        "AMQP_URL": stack.amqp_url,
        "DATABASE_URL": stack.database_url,
        "BLOB_URL": given.get("BLOB_URL") or (folder.resolve() / "blobs").as_uri(),
        **make_secrets(folder, given),
    }


def make_secrets(folder: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read this folder's secrets, made at the first call; what is `given` goes before."""
    given = surroundings() if given is None else given
    file = folder / "secrets.env"
    kept = _read(file) if file.exists() else {}
    if not all(name in kept for name in _NAMES):
        _write(file, {name: kept.get(name) or _new(name) for name in _NAMES})
        kept = _read(file)
    return {name: given.get(name) or kept[name] for name in _NAMES}


def keep_secrets(folder: Path, values: Mapping[str, str]) -> None:
    """Put these in the place of this folder's secrets; those that were are kept beside them."""
    file = folder / "secrets.env"
    kept = _read(file) if file.exists() else {}
    if any(kept.get(name) not in (None, value) for name, value in values.items()):
        _write(file.with_name("secrets.before.env"), kept)
    _write(file, {**kept, **values})


def _new(name: str) -> str:
    """A key is 32 bytes in base64; a token is text."""
    if name.endswith("_KEY"):
        return base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(32)


def _read(file: Path) -> dict[str, str]:
    lines = (line.strip() for line in file.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _write(file: Path, values: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    draft.replace(file)
