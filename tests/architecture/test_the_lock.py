"""The lock that is kept (docs/adr/0002): every member, every hash, no address."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_the_lock_holds_every_member_of_the_workspace() -> None:
    members = {"contracts"} | {
        str(folder.relative_to(ROOT)) for kind in ("libs", "services") for folder in (ROOT / kind).iterdir() if (folder / "pyproject.toml").exists()
    }  # fmt: skip
    assert {line.removeprefix("-e ./") for line in LOCK.splitlines() if line.startswith("-e ")} == members


def test_the_lock_pins_every_package_by_version_and_hash() -> None:
    pins = re.findall(r"^(\S+?)==\S+(?: ;.*)? \\\n    --hash=sha256:[0-9a-f]{64}", LOCK, re.MULTILINE)
    named = [line for line in LOCK.splitlines() if re.match(r"[a-z0-9]", line)]
    assert len(named) > 100
    assert len(pins) == len(named)


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
