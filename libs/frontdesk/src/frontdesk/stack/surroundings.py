"""What the environment gives the command line: its variables, and the fleet's secrets in files or in Vault."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from frontdesk.stack.errors import StackError

SHARED = (
    "AMQP_URL", "DATABASE_URL", "BLOB_URL", "FRONTDESK_MASTER_KEY", "FRONTDESK_SERVICE_TOKEN", "FRONTDESK_ADMIN_TOKEN",
)  # fmt: skip
"""The settings that every service has and that the local stack makes when nobody gives them."""


def surroundings() -> Mapping[str, str]:
    """The environment, with those of the shared settings that lie elsewhere. Raises `StackError`."""
    return {**os.environ, **{name: value for name, (value, _) in beside_environment().items()}}


def beside_environment() -> dict[str, tuple[str, str]]:
    """The shared settings that files or Vault have, each with its place. Raises `StackError`."""
    if not _has_places():
        return {}
    # Only when somebody named a place: it brings the chassis with it, which is slow to load.
    from chassis.secrets import found_beside
    from chassis.vault import SecretsNotRead

    try:
        found = found_beside(os.environ, set(SHARED))
    except SecretsNotRead as error:
        raise StackError(str(error)) from error
    return {name: (each.value, each.place) for name, each in found.items()}


def _has_places() -> bool:
    named = ("FRONTDESK_SECRETS_DIR", "FRONTDESK_VAULT_PATH", *(f"{name}_FILE" for name in SHARED))
    return any(os.environ.get(name) for name in named) or Path("/run/secrets").is_dir()
