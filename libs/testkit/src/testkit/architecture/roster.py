"""One roster: whoever has a folder under `services/` stands in every other list too, and in none without it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set

from testkit.architecture.tree import ServiceFolder, Tree, parsed

PORTS = {
    "gateway": 8000, "tenancy": 8001, "orchestrator": 8002, "conversation": 8003, "reporting": 8004,
    "notification": 8005, "email-ingest": 8006, "ocr": 8007, "crm-sync": 8008, "file-management": 8009,
    "observer": 8010, "telephony": 8011, "scheduling": 8012, "billing": 8013, "messaging": 8014, "console": 8015,
}  # fmt: skip
"""The ports of architecture §1; a service that is not named there takes a free one."""


def flaws(tree: Tree) -> list[str]:
    """Where the lists of services differ."""
    return [
        flaw
        for rule in (_entry_points, _workspace, _import_rules, _ports, _listed, _readme)
        for flaw in rule(tree)
    ]


def asyncapi_flaws(tree: Tree) -> list[str]:
    """Where the folders and the AsyncAPI files differ; a file comes with `make generate`."""
    files = {file.stem for file in (tree.root / "contracts" / "asyncapi").glob("*.json")}
    return _differ("contracts/asyncapi", files, {service.name for service in tree.services()})


def port_of(service: ServiceFolder) -> int | None:
    """The port that a service's settings name."""
    settings = service.source / "settings.py"
    for node in ast.walk(parsed(settings)) if settings.exists() else ():
        match node:
            case ast.AnnAssign(target=ast.Name(id="default_port"), value=ast.Constant(value=int(port))):
                return port
            case _:
                continue
    return None


def listed(tree: Tree) -> dict[str, int]:
    """The services and ports of the chassis's roster, which the gateway and the Observer begin with."""
    file = tree.root / "libs" / "chassis" / "src" / "chassis" / "roster.py"
    for node in ast.walk(parsed(file)) if file.exists() else ():
        match node:
            case ast.AnnAssign(target=ast.Name(id="PORTS"), value=ast.Dict() as value):
                found: dict[str, int] = ast.literal_eval(value)
                return found
            case _:
                continue
    return {}


def _entry_points(tree: Tree) -> Iterator[str]:
    for service in tree.services():
        wanted = {service.name: f"{service.package}.app:create_service"}
        given = service.project["project"].get("entry-points", {}).get("frontdesk.services", {})
        if given != wanted:
            yield f"{service.name}: its entry points are {given}, not {wanted}"


def _workspace(tree: Tree) -> Iterator[str]:
    members: list[str] = tree.project["tool"]["uv"]["workspace"]["members"]
    there = {
        path.name
        for member in members
        for path in tree.root.glob(member)
        if (path / "pyproject.toml").exists()
    }
    yield from (
        f"{service.name} is no member of the workspace"
        for service in tree.services()
        if service.name not in there
    )


def _import_rules(tree: Tree) -> Iterator[str]:
    linter = tree.project["tool"]["importlinter"]
    packages = {service.package for service in tree.services()}
    libraries = {path.name for path in (tree.root / "libs").iterdir() if path.is_dir()} | {"contracts"}
    yield from _differ("importlinter root_packages", set(linter["root_packages"]) - libraries, packages)
    rules = {rule["id"]: rule for rule in linter["contracts"]}
    layer = {name.strip() for layer in rules["packages"]["layers"] for name in layer.split("|")} - libraries
    yield from _differ("importlinter layers", layer, packages)
    yield from _differ("importlinter rooms", set(rules["rooms"]["containers"]), packages)


def _ports(tree: Tree) -> Iterator[str]:
    taken: dict[int | None, str] = {}
    for service in tree.services():
        port = port_of(service)
        if port in taken:
            yield f"{service.name} has the port of {taken[port]}: {port}"
        taken[port] = service.name
        if service.name in PORTS and port != PORTS[service.name]:
            yield f"{service.name} listens on {port}, not on {PORTS[service.name]}"
        if service.name not in PORTS and port in PORTS.values():
            yield f"{service.name} listens on {port}, which is kept for another"


def _listed(tree: Tree) -> Iterator[str]:
    ports = listed(tree)
    yield from _differ("chassis/roster.py", set(ports), {service.name for service in tree.services()})
    for service in tree.services():
        if service.name in ports and ports[service.name] != port_of(service):
            yield f"chassis/roster.py has {service.name} on {ports[service.name]}, not on {port_of(service)}"


def _readme(tree: Tree) -> Iterator[str]:
    """The table of services in the README: rows whose first cell is a service's name, with or without a link."""
    readme = tree.root / "README.md"
    if not readme.exists():
        yield "README.md is missing"
        return
    rows = re.findall(
        r"^\|\s*(?:\[)?\**`?([a-z][a-z-]+)`?\**(?:\]\(services/[^)]*\))?\s*\|",
        readme.read_text(),
        re.MULTILINE,
    )
    named = {row for row in rows if row in PORTS or (tree.root / "services" / row).exists()}
    yield from _differ("the table in README.md", named, {service.name for service in tree.services()})


def _differ(where: str, given: Set[str], wanted: Set[str]) -> list[str]:
    return [f"{where} lacks {name}" for name in sorted(wanted - given)] + [
        f"{where} names {name}, which has no folder" for name in sorted(given - wanted)
    ]
