"""`frontdesk scaffold service`: the rooms of a new service, and its place in every list of services."""

from __future__ import annotations

import re
from pathlib import Path

from contracts.catalogue import messages
from frontdesk.scaffold.deployed import deployed
from frontdesk.scaffold.plan import CannotScaffold, Plan, changed, kebab, pascal, rendered, snake


def new_service(root: Path, name: str, *, port: int, hears: str, does: str) -> Plan:
    """A service that hears one message and keeps a note of each.

    Raises `CannotScaffold` when the name is no kebab-case or taken, the message unknown, or the port not free.
    """
    if (root / "services" / kebab(name)).exists():
        raise CannotScaffold(f"services/{name} is already there")
    heard = {message.__name__: message for message in messages().values()}.get(hears)
    if heard is None:
        raise CannotScaffold(f"there is no message {hears}; `python -m contracts` lists them")
    if re.search(rf"\|\s*{port}\s*\|", (root / "README.md").read_text()):
        raise CannotScaffold(f"the port {port} is taken: see the table in README.md")
    words = {
        "name": name,
        "package": snake(name),
        "title": pascal(name),
        "does": does.rstrip("."),
        "port": str(port),
        "message": hears,
        "module": heard.__module__,
        "heard": snake(hears),
    }
    files = {f"services/{name}/{path}": text for path, text in rendered("service", words).items()}
    package = words["package"]
    edits = {
        "pyproject.toml": _in_import_rules((root / "pyproject.toml").read_text(), package),
        "README.md": _in_table((root / "README.md").read_text(), name, port, words["does"]),
        _ROSTER: _in_roster((root / _ROSTER).read_text(), name, port),
        **deployed(root, name),
    }
    return Plan(files, edits, _NEXT)


_ROSTER = "libs/chassis/src/chassis/roster.py"
_NEXT = (
    "make lock && make setup     (the workspace learns of its new member)",
    "make generate               (its AsyncAPI file and its queues; the catalogue shows who hears what)",
    "make check                  (rooms, roster, imports, types)",
    "say in its README and in the docstring of its package what it does, then replace the notes by the real thing",
)


def _in_import_rules(text: str, package: str) -> str:
    """The package in every list that names the services, and in the layer of the services."""
    text, lists = re.subn(r'("gateway", [^\]]*?),\n\]', rf'\1, "{package}",\n]', text)
    text, layers = re.subn(r'("frontdesk \| gateway[^"]*)"', rf'\1 | {package}"', text)
    return changed(text, lists and layers, "the import rules in pyproject.toml")


def _in_table(text: str, name: str, port: int, does: str) -> str:
    row = rf"\g<0>| [{name}](services/{name}) | {port} | {does} |\n"
    text, found = re.subn(r"(?:^\| \[[a-z-]+\]\(services/[a-z-]+\) \|.*\n)+", row, text, flags=re.MULTILINE)
    return changed(text, found, "the table of services in README.md")


def _in_roster(text: str, name: str, port: int) -> str:
    entry = rf'\g<0>    "{name}": {port},\n'
    text, found = re.subn(r"PORTS: Mapping\[str, int\] = \{\n(?:    .*\n)+", entry, text, count=1)
    return changed(text, found, f"the services' ports in {_ROSTER}")
