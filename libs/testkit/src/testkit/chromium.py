"""The machine's own Chromium: a package is enough; `python -m testkit.chromium` prints where it is, or what to do."""

from __future__ import annotations

import os
import shutil
import sys
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
        if found is not None and not _is_a_snap(Path(found)):
            return found
    for found in sorted(_playwrights_own(), reverse=True):
        return str(found)
    raise NoBrowser(
        "the tests need Chromium. Debian: deploy/setup.sh --tests installs it. Ubuntu, whose package is a snap, and"
        " elsewhere: .venv/bin/playwright install --with-deps chromium, or install Google Chrome, or set"
        " FRONTDESK_CHROMIUM to a browser's path"
    )


def _playwrights_own() -> list[Path]:
    """What `playwright install` brought."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return list(folder.glob("chromium-*/chrome-linux*/chrome"))


def _is_a_snap(found: Path) -> bool:
    """Whether it is Ubuntu's door to a snap, which a process without a login session cannot open."""
    if "snap" in found.resolve().parts or found.resolve().name == "snap":
        return True
    with found.open("rb") as file:
        head = file.read(2048)
    return head.startswith(b"#!") and b"/snap/" in head


if __name__ == "__main__":
    try:
        print(chromium_path())
    except NoBrowser as missing:
        sys.exit(str(missing))
