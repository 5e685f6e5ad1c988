"""The machine's own Chromium: Debian's package is enough, nothing of Playwright's is downloaded."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


class NoBrowser(Exception):
    """There is no Chromium that tests could use."""


def chromium_path() -> str:
    """Where Chromium lies: `FRONTDESK_CHROMIUM`, else what the machine has. Raises `NoBrowser` with what to do."""
    given = os.environ.get("FRONTDESK_CHROMIUM")
    if given is not None:
        if not os.access(given, os.X_OK):
            raise NoBrowser(f"FRONTDESK_CHROMIUM names {given}, which cannot be run")
        return given
    for name in NAMES:
        found = shutil.which(name)
        # Ubuntu's package is a door to a snap, which a process without a session of its own cannot open.
        if found is not None and not _is_a_snap(Path(found)):
            return found
    raise NoBrowser(
        "no Chromium is installed: run `deploy/setup.sh --tests` (Debian), or set FRONTDESK_CHROMIUM to a browser's path"
        " (Ubuntu, whose package is a snap: `playwright install chromium` brings one, its path is printed)"
    )


def _is_a_snap(found: Path) -> bool:
    if "/snap/" in str(found.resolve()) or found.resolve().name == "snap":
        return True
    with found.open("rb") as file:
        head = file.read(2048)
    return head.startswith(b"#!") and b"/snap/" in head
