"""What the code of a service must leave to others: delivery to the chassis, names to the contracts, tables to the store."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from testkit.architecture.tree import ServiceFolder, parsed, strings

CHASSIS_ALONE = {"commit", "rollback", "publish", "basic_publish", "ack", "nack"}
_ROUTING = re.compile(
    r"(?:[a-z-]+\.)?[a-z_]+\.[a-z_]+\.v\d+|frontdesk\.(?:events|dead)|[a-z-]+\.timer\.[a-z_]+"
)
EXCEPTIONS = {
    "ocr/adapters/reader.py": "hands the search path and the like on to the process that it starts",
}
"""Files that look at the environment outside of settings.py, each with its reason."""

_SQL = {"sqlalchemy", "sqlmodel", "asyncpg"}


def flaws(service: ServiceFolder) -> list[str]:
    """Where one service does what is not its own."""
    return [flaw for file in service.modules() for flaw in _flaws_of(service, file)]


def _flaws_of(service: ServiceFolder, file: Path) -> Iterator[str]:
    tree, place = parsed(file), file.relative_to(service.source)
    for rule in (_delivery, _names, _vendors, _tables, _environment):
        if rule is _environment and f"{service.name}/{place}" in EXCEPTIONS:
            continue
        yield from (f"{service.name}/{place}:{line}: {flaw}" for line, flaw in rule(tree, place))


def _delivery(tree: ast.Module, _: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name in CHASSIS_ALONE:
                yield node.lineno, f".{name}(…) is the chassis's alone"
            case _:
                continue


def _names(tree: ast.Module, _: Path) -> Iterator[tuple[int, str]]:
    for text in strings(tree):
        if _ROUTING.fullmatch(str(text.value)):
            yield text.lineno, f"{text.value!r}: names on the broker are computed from the class"


def _vendors(tree: ast.Module, place: Path) -> Iterator[tuple[int, str]]:
    if place.parts[0] == "adapters":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(_is_vendor(side) for side in (node.left, *node.comparators)):
            yield node.lineno, "a question for the vendor outside the adapters: a room is missing"


def _tables(tree: ast.Module, place: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="__tablename__")]) if (
                place.as_posix() != "adapters/store.py"
            ):
                yield node.lineno, "a table outside adapters/store.py"
            case ast.Import(names=names) if place.parts[0] != "adapters":
                yield from ((node.lineno, _QUERY) for name in names if name.name.split(".")[0] in _SQL)
            case ast.ImportFrom(module=str(module)) if place.parts[0] != "adapters":
                if module.split(".")[0] in _SQL:
                    yield node.lineno, _QUERY
            case _:
                continue


def _environment(tree: ast.Module, place: Path) -> Iterator[tuple[int, str]]:
    if place.as_posix() == "settings.py":
        return
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "getenv"):
                yield node.lineno, "the environment is read in settings.py"
            case _:
                continue


def _is_vendor(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="vendor") | ast.Attribute(attr="vendor"):
            return True
        case _:
            return False


_QUERY = "SQL outside the adapters"
