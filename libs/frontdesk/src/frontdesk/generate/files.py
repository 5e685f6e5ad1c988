"""The generated files: what they should hold, which are stale, and whether they may be written."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from contracts.catalogue import catalogue, messages, noun
from contracts.compatibility import breaking_changes
from contracts.page import page
from contracts.schema import json_schema
from frontdesk.generate.asyncapi import asyncapi
from frontdesk.generate.fleet import CannotBeMade, Member

_FOLDERS = ("schemas", "asyncapi")


class RefusedChange(Exception):
    """A released message would be broken; its changes are the arguments."""


def generated(members: list[Member]) -> dict[str, str]:
    """Every generated file of `contracts/`: its path there, and what it should hold."""
    files = {
        f"schemas/{noun(message)}/{key}.json": _json(json_schema(message))
        for key, message in messages().items()
    }
    services = {f"asyncapi/{member.name}.json": asyncapi(member) for member in members}
    return {**files, **services, "CATALOGUE.md": _page(services)}


def refused(folder: Path) -> list[str]:
    """How the code breaks what `released.txt` lists, compared with the schemas that lie there; empty when it does not."""
    current = messages()
    found: list[str] = []
    for key in released(folder):
        schemas = list((folder / "schemas").glob(f"*/{key}.json"))
        if not schemas:
            found.append(f"{key} is released, but its schema is gone; get it back from the history")
        elif key not in current:
            found.append(f"{key} is released, but its class is gone; put it back")
        else:
            changes = breaking_changes(json.loads(schemas[0].read_text()), json_schema(current[key]))
            found += [f"{key}: {change}" for change in changes]
    return found


def released(folder: Path) -> list[str]:
    """The routing keys that are frozen, one a line; what follows # is for people."""
    lines = (folder / "released.txt").read_text().splitlines()
    return [key for line in lines if (key := line.partition("#")[0].strip())]


def stale(folder: Path, members: list[Member], broken: list[CannotBeMade]) -> list[str]:
    """The generated files that are missing, differ, or that nothing generates any more."""
    return _stale(folder, generated(members), broken)


def write(folder: Path, members: list[Member], broken: list[CannotBeMade]) -> list[str]:
    """Write what is stale; returns the paths.

    Raises `RefusedChange`, and writes nothing, when a released message would be broken.
    """
    if changes := refused(folder):
        raise RefusedChange(*changes)
    wanted = generated(members)
    changed = _stale(folder, wanted, broken)
    for path in changed:
        file = folder / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[path])
        else:
            file.unlink()
    return changed


def _stale(folder: Path, wanted: dict[str, str], broken: list[CannotBeMade]) -> list[str]:
    there = {
        str(file.relative_to(folder))
        for name in _FOLDERS
        for file in (folder / name).rglob("*.json")
        if not _of_a_broken_service(file, broken)
    }
    differs = [
        path
        for path, text in wanted.items()
        if not (folder / path).exists() or (folder / path).read_text() != text
    ]
    return sorted({*differs, *(there - wanted.keys())})


def _page(services: dict[str, str]) -> str:
    """The catalogue by the AsyncAPI files that are to be written, not those that lie there."""
    with tempfile.TemporaryDirectory() as place:
        for path, text in services.items():
            (Path(place) / Path(path).name).write_text(text)
        return page(catalogue(Path(place)))


def _of_a_broken_service(file: Path, broken: list[CannotBeMade]) -> bool:
    return file.parent.name == "asyncapi" and any(str(error).startswith(f"{file.stem}:") for error in broken)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
