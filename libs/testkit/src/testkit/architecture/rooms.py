"""The rooms of a service: which files may stand where (architecture §6)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from testkit.architecture.tree import ServiceFolder, files, parsed

MUST = {"README.md", "pyproject.toml", "migrations", "src", "tests"}
MODULES = {"__init__.py", "__main__.py", "app.py", "settings.py", "py.typed"}
ROOMS = {"domain", "application", "entrypoints", "adapters"}
DOORS = {"__init__.py", "events.py", "http.py", "timers.py"}
HTTP = "http"
PAGE, PAGE_FOLDERS = "page", {"templates", "assets", "texts"}
"""`http.py` is one module until it has more than one subject, then a folder with a module for each (ADR 0012). `page/` is what
people see in a browser: modules, and its templates, assets and texts (ADR 0033)."""
VENDOR = {"__init__.py", "client.py", "mapping.py", "adapter.py", "webhooks.py"}
KINDS_OF_TESTS = {"unit", "integration", "vendors"}
FORBIDDEN = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "managers",
    "service",
    "services",
    "misc",
}

EXCEPTIONS = {
    "ocr/adapters/reading": "no vendor: the program that reads a document in a process of its own, which can be killed",
}
"""What stands outside the rules, each with its reason; an ADR for more than a handful."""

_ENVIRONMENT = "from chassis.migration import run_migrations\n\nrun_migrations()\n"
_REVISION = re.compile(r"(\d{4})_[a-z0-9_]+\.py")
_LONGEST_HANDLER = 25


def flaws(service: ServiceFolder) -> list[str]:
    """What stands where it must not, or is missing, in one service."""
    return [
        f"{service.name}: {flaw}"
        for rule in (
            _outside,
            _package,
            _doors,
            _vendors,
            _docstrings,
            _main,
            _migrations,
            _tests,
            _names,
            _project,
        )
        for flaw in rule(service)
    ]


def _outside(service: ServiceFolder) -> Iterator[str]:
    there = _names_in(service.path)
    yield from (f"{name} is missing" for name in sorted(MUST - there))
    yield from (f"{name} has no place beside src/" for name in sorted(there - MUST))
    yield from (
        f"src/{name} is another package"
        for name in sorted(_names_in(service.path / "src") - {service.package})
    )


def _package(service: ServiceFolder) -> Iterator[str]:
    there = _names_in(service.source)
    yield from (f"{name} is missing" for name in sorted(MODULES - there))
    yield from (f"{name} is no room of a service" for name in sorted(there - MODULES - ROOMS))
    for room in sorted(there & ROOMS):
        inside = _names_in(service.source / room)
        if "__init__.py" not in inside:
            yield f"{room}/__init__.py is missing"
        if room in ("domain", "application"):
            yield from (f"{room}/{name} is no module" for name in sorted(inside) if not name.endswith(".py"))
    if "application" in there and not (service.source / "application" / "ports.py").exists():
        yield "application/ports.py is missing"


def _doors(service: ServiceFolder) -> Iterator[str]:
    room = service.source / "entrypoints"
    inside = _names_in(room)
    yield from (
        f"entrypoints/{name}: only events.py, http.py or http/, page/, and timers.py"
        for name in sorted(inside - DOORS - {HTTP, PAGE})
    )
    if {HTTP, "http.py"} <= inside:
        yield "entrypoints/http.py stands beside entrypoints/http/: one of them"
    yield from (
        f"entrypoints/http/{name} is no module"
        for name in sorted(_names_in(room / HTTP))
        if not name.endswith(".py")
    )
    yield from (
        f"entrypoints/page/{name}: only modules, templates, assets and texts"
        for name in sorted(_names_in(room / PAGE) - PAGE_FOLDERS)
        if not name.endswith(".py")
    )
    for file in sorted(room.rglob("*.py")):
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _holds_functions(node):
                length = (node.end_lineno or 0) - node.body[0].lineno + 1
                if length > _LONGEST_HANDLER:
                    yield f"{file.relative_to(service.source)}: {node.name} is not thin ({length} lines): parse, call, answer"


def _vendors(service: ServiceFolder) -> Iterator[str]:
    room = service.source / "adapters"
    for folder in sorted(path for path in room.glob("*") if path.is_dir() and path.name != "__pycache__"):
        inside = _names_in(folder)
        if folder.name == "prompts":
            yield from (f"adapters/prompts/{name} is code" for name in sorted(inside) if name.endswith(".py"))
        elif not _excepted(service, f"adapters/{folder.name}"):
            yield from (
                f"adapters/{folder.name}/{name}: a vendor's folder has client, mapping, adapter, webhooks"
                for name in sorted(inside - VENDOR)
            )
            if "adapter.py" not in inside:
                yield f"adapters/{folder.name}/adapter.py is missing: it implements the port"


def _docstrings(service: ServiceFolder) -> Iterator[str]:
    for file in service.modules():
        tree = parsed(file)
        place = file.relative_to(service.source)
        if ast.get_docstring(tree) is None:
            yield f"{place} does not say what it is"
        if file.name == "__init__.py" and len(tree.body) > 1:
            yield f"{place} has code; it only says what the room is"


def _main(service: ServiceFolder) -> Iterator[str]:
    file = service.source / "__main__.py"
    if file.exists() and "run(create_service" not in file.read_text():
        yield "__main__.py does not run create_service"
    app = service.source / "app.py"
    if app.exists() and not any(
        isinstance(node, ast.FunctionDef) and node.name == "create_service" for node in parsed(app).body
    ):
        yield "app.py has no create_service"


def _migrations(service: ServiceFolder) -> Iterator[str]:
    folder = service.path / "migrations"
    if not folder.is_dir():
        return
    yield from (
        f"migrations/{name} has no place there" for name in sorted(_names_in(folder) - {"env.py", "versions"})
    )
    environment = folder / "env.py"
    if not environment.exists() or not environment.read_text().endswith(_ENVIRONMENT):
        yield "migrations/env.py is not what every service has"
    names = sorted(_names_in(folder / "versions"))
    numbers = [found.group(1) for name in names if (found := _REVISION.fullmatch(name))]
    if numbers != [f"{number:04}" for number in range(1, len(names) + 1)]:
        yield f"migrations/versions are not 0001_…, 0002_… in a row: {names}"


def _tests(service: ServiceFolder) -> Iterator[str]:
    folder = service.path / "tests"
    for file in files(folder):
        place = file.relative_to(folder)
        if file.name == "__init__.py":
            yield f"tests/{place}: tests are no package"
        elif file.suffix == ".py" and file.name != "conftest.py":
            if place.parts[0] not in KINDS_OF_TESTS:
                yield f"tests/{place} is neither in unit nor in integration nor in vendors"
            if not file.name.startswith("test_"):
                yield f"tests/{place} is no test; what tests share lives in testkit"


def _names(service: ServiceFolder) -> Iterator[str]:
    for path in sorted(service.source.rglob("*")):
        if path.stem.lower() in FORBIDDEN:
            yield f"{path.relative_to(service.source)}: {path.stem} is a name for everything"


def _project(service: ServiceFolder) -> Iterator[str]:
    if not (service.path / "pyproject.toml").exists():
        return
    project = service.project["project"]
    if project["name"] != f"frontdesk-{service.name}":
        yield f"pyproject.toml: the distribution is called {project['name']}, not frontdesk-{service.name}"
    if "Private :: Do Not Upload" not in project.get("classifiers", ()):
        yield "pyproject.toml: not marked private"
    tools = set(service.project.get("tool", {})) - {"uv", "hatch"}
    yield from (f"pyproject.toml configures {tool}: that stands in the root" for tool in sorted(tools))


def _holds_functions(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        for part in ast.walk(node)
        if part is not node
    )


def _excepted(service: ServiceFolder, place: str) -> bool:
    return f"{service.name}/{place}" in EXCEPTIONS


def _names_in(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    hidden = {"__pycache__", ".pytest_cache", ".ruff_cache"}
    return {path.name for path in folder.iterdir() if path.name not in hidden}
