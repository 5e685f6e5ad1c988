"""How the messages of this tree break those that another state of the repository has released."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from contracts.compatibility import breaking_changes
from contracts.schema import Schema
from frontdesk.fleet.errors import FleetError


def broken_against(root: Path, reference: str) -> list[str]:
    """Each breaking change as a sentence; empty when there is none.

    What counts is what `released.txt` listed there, for a branch may thaw nothing by taking a line out of it. Raises
    `FleetError` when git does not know the reference.
    """
    then = _schemas_of(root, reference)
    now = {file.stem: file for file in (root / "contracts" / "schemas").glob("*/*.json")}
    found: list[str] = []
    for key in _released(_git(root, "show", f"{reference}:contracts/released.txt")):
        if key not in then:
            found.append(f"{key} was released at {reference}, but has no schema there")
        elif key not in now:
            found.append(f"{key}: the message is gone")
        else:
            old: Schema = json.loads(_git(root, "show", f"{reference}:{then[key]}"))
            found += [
                f"{key}: {change}" for change in breaking_changes(old, json.loads(now[key].read_text()))
            ]
    still = set(_released((root / "contracts" / "released.txt").read_text()))
    thawed = [
        key
        for key in _released(_git(root, "show", f"{reference}:contracts/released.txt"))
        if key not in still
    ]
    return found + [f"{key}: no longer in released.txt, though it is released" for key in thawed]


def _schemas_of(root: Path, reference: str) -> dict[str, str]:
    names = _git(root, "ls-tree", "-r", "--name-only", reference, "contracts/schemas").splitlines()
    return {Path(name).stem: name for name in names}


def _released(text: str) -> list[str]:
    return [key for line in text.splitlines() if (key := line.partition("#")[0].strip())]


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FleetError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout
