"""From where each of the fleet's secrets comes; never what it is."""

from __future__ import annotations

import os
from pathlib import Path

from frontdesk.diagnosis.finding import Finding
from frontdesk.stack.errors import StackError
from frontdesk.stack.surroundings import SHARED, beside_environment

_TOPIC = "Secrets"


def secret_places(folder: Path) -> list[Finding]:
    """A line for each setting that all services share."""
    try:
        beside = beside_environment()
    except StackError as error:
        return [
            Finding(
                _TOPIC, "files and Vault", ok=False, found=str(error), advice="mend that place, or unset it"
            )
        ]
    places = {name: place for name, (_, place) in beside.items()}
    places |= {name: "the environment" for name in SHARED if os.environ.get(name)}
    return [
        Finding(_TOPIC, name, ok=True, found=f"from {places.get(name) or _own(name, folder)}")
        for name in SHARED
    ]


def _own(name: str, folder: Path) -> str:
    """Where this checkout's own stack has it from."""
    return str(folder / "secrets.env") if name.startswith("FRONTDESK_") else f"the local stack in {folder}"
