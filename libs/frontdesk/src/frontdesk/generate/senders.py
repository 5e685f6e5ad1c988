"""What a service says: the messages that its source constructs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from contracts.catalogue import messages
from contracts.envelope import Message

_STORE = "adapters/store.py"
_MAKERS = {"model_validate", "model_construct"}
"""Class methods that construct a message; `read` only reads one."""


def constructed(source: Path) -> tuple[type[Message], ...]:
    """The messages that the Python files under a folder construct, in the catalogue's order.

    A store is left out: what it constructs, it reads back from its rows; it has nothing to say by.
    """
    known = {(message.__module__, message.__name__): message for message in messages().values()}
    found = {
        known[name]
        for file in sorted(source.rglob("*.py"))
        if file.relative_to(source).as_posix() != _STORE
        for name in _constructed(ast.parse(file.read_text(), str(file)))
        if name in known
    }
    return tuple(message for message in messages().values() if message in found)


def _constructed(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Module and name of whatever of the contracts is called: `ReplyDrafted(…)`, `v1.ReplyDrafted(…)`."""
    names, modules = _imported(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in _MAKERS:
            called = called.value
        match called:
            case ast.Name(id=name) if name in names:
                yield names[name]
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
                yield modules[module], name
            case _:
                continue


def _imported(tree: ast.Module) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """What a file calls the messages and the modules of the contracts."""
    names: dict[str, tuple[str, str]] = {}
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "contracts":
            for alias in node.names:
                names[alias.asname or alias.name] = (str(node.module), alias.name)
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            modules.update({alias.asname: alias.name for alias in node.names if alias.asname})
    return names, modules
