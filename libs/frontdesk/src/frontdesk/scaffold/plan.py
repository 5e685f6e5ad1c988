"""What a scaffold is going to write, and the writing of it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

_ENDING = ".tmpl"


class CannotScaffold(Exception):
    """A name cannot be used, or something stands there already."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Files by their path from the root: new ones, and known ones with their new text; then what is left to do."""

    new: dict[str, str] = field(default_factory=dict[str, str])
    changed: dict[str, str] = field(default_factory=dict[str, str])
    next_steps: tuple[str, ...] = ()


def apply(root: Path, plan: Plan) -> list[str]:
    """Write a plan under a root; returns the paths.

    Raises `CannotScaffold`, and writes nothing, when a new file stands there already.
    """
    there = [path for path in plan.new if (root / path).exists()]
    if there:
        raise CannotScaffold(f"there is already {', '.join(there)}")
    written = {**plan.new, **plan.changed}
    for path, text in written.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    _put_in_form(root, [path for path in written if path.endswith(".py")])
    return sorted(written)


def _put_in_form(root: Path, paths: list[str]) -> None:
    """Sort imports and format: where a package stands among the imports depends on its name."""
    ruff = Path(sys.executable).with_name("ruff")
    if paths and ruff.exists():
        subprocess.run([ruff, "check", "--quiet", "--select", "I", "--fix", *paths], cwd=root, check=True)
        subprocess.run([ruff, "format", "--quiet", *paths], cwd=root, check=True)


def rendered(template: str, words: dict[str, str]) -> dict[str, str]:
    """The files of a template with its words put in, in the names of the files too (there as `+word+`)."""
    folder = files("frontdesk.scaffold") / "templates" / template
    return {
        _named(path.removesuffix(_ENDING), words): Template(file.read_text()).substitute(words)
        for path, file in _under(folder, "")
    }


def changed(text: str, found: int, what: str) -> str:
    """The text, if the place to change was found in it. Raises `CannotScaffold`."""
    if not found:
        raise CannotScaffold(f"{what} cannot be found: add the service by hand")
    return text


def kebab(name: str) -> str:
    """The name if it is in kebab-case. Raises `CannotScaffold`."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise CannotScaffold(f"{name!r} is no name in kebab-case, such as file-management")
    return name


def snake(name: str) -> str:
    """`crm-sync` → crm_sync, `LeadCreated` → lead_created."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def pascal(name: str) -> str:
    """`crm-sync` → CrmSync."""
    return "".join(word.capitalize() for word in re.split(r"[-_]", name))


def _under(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        place = f"{path}/{entry.name}" if path else entry.name
        found += _under(entry, place) if entry.is_dir() else [(place, entry)]
    return found


def _named(path: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        path = path.replace(f"+{word}+", value)
    return path
