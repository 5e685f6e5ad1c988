"""Prints the part of requirements.lock that one member of the workspace needs: `python lock_of_member.py services/ocr`.

The lock says below each package by whom it is wanted (`# via`); from the member on, that is followed downwards. Versions
and hashes stay those of the lock, so nothing has to be resolved anew, and what `make setup` has stored is enough.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

LOCK = Path("requirements.lock")


def entries(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """Each entry of the lock: the package's name, its lines, and the names of those that want it."""
    for found in re.finditer(r"^[^\s#].*\n(?:[ \t]+.*\n?)*", text, re.MULTILINE):
        lines = [line for line in found[0].splitlines() if not line.lstrip().startswith("#")]
        wanted_by = {
            words[-1]
            for line in found[0].splitlines()
            if line.lstrip().startswith("#") and (words := line.split()) and words[-1] not in ("#", "via")
        }
        yield name_of(lines[0]), "\n".join(lines).rstrip(" \\"), wanted_by


def name_of(line: str) -> str:
    """The package that a line of the lock pins, or the member whose folder it names."""
    if line.startswith("-e "):
        project = tomllib.loads((Path(line[3:].strip()) / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["project"]["name"])
    return re.split(r"[=\[; ]", line, maxsplit=1)[0]


def lock_of(member: str) -> list[tuple[str, str]]:
    """What a member needs, itself too: names of packages, and the lines of the lock."""
    # Members that were not copied along are nobody's need.
    lock = [line for line in LOCK.read_text(encoding="utf-8").splitlines(keepends=True) if is_here(line)]
    known = list(entries("".join(lock)))
    needed = {name_of(f"-e {member}")}
    while more := {name for name, _, wanted_by in known if wanted_by & needed} - needed:
        needed |= more
    return [(name, lines) for name, lines, _ in known if name in needed]


def is_here(line: str) -> bool:
    """Whether a line names no folder, or one that there is."""
    return not line.startswith("-e ") or Path(line[3:].strip()).is_dir()


if __name__ == "__main__":
    print("\n".join(lines for _, lines in lock_of(sys.argv[1])))
