"""A service's README: fixed headings, every setting, and exactly what it hears and says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Set

from testkit.architecture.tree import ServiceFolder, parsed

HEADINGS = ["What it does", "Hears", "Says", "HTTP", "Settings", "Run it alone"]
_NAME = re.compile(r"\b(?:[A-Z][a-z0-9]+){2,}\b")


def flaws(service: ServiceFolder) -> list[str]:
    """What a service's README lacks or has too much; none of the messages, which want the running code."""
    if not (service.path / "README.md").exists():
        return [f"{service.name}: README.md is missing"]
    return [f"{service.name}/README.md: {flaw}" for rule in (_headings, _settings) for flaw in rule(service)]


def messages_flaws(
    service: ServiceFolder, *, hears: Set[str], says: Set[str], known: Set[str], heard_by_all: Set[str]
) -> list[str]:
    """How the sections "Hears" and "Says" differ from the code. `known` are the names of all messages."""
    sections = _sections(service)
    told = {name: set(_NAME.findall(sections.get(name, ""))) & known for name in ("Hears", "Says")}
    found = [
        *(f"Hears does not tell of {name}" for name in sorted(hears - told["Hears"] - heard_by_all)),
        *(
            f"Hears tells of {name}, which it does not hear"
            for name in sorted(told["Hears"] - hears - heard_by_all)
        ),
        *(f"Says does not tell of {name}" for name in sorted(says - told["Says"])),
        *(f"Says tells of {name}, which it does not say" for name in sorted(told["Says"] - says)),
    ]
    return [f"{service.name}/README.md: {flaw}" for flaw in found]


def _headings(service: ServiceFolder) -> Iterator[str]:
    lines = _prose(service)
    titles = [line for line in lines if line.startswith("# ")]
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    if titles != [f"# {service.name}"]:
        yield f"its title is not # {service.name}"
    if headings != HEADINGS:
        yield f"its headings are {headings}, not {HEADINGS}"
    for heading, text in _sections(service).items():
        if not text.strip():
            yield f"nothing stands under {heading}"


def _settings(service: ServiceFolder) -> Iterator[str]:
    section = _sections(service).get("Settings", "")
    variables = set(_variables(service))
    endings = re.findall(r"`…?(_[A-Z_]+)`", section)
    for variable in sorted(variables):
        if variable not in section and not any(variable.endswith(ending) for ending in endings):
            yield f"Settings does not tell of {variable}"
    prefix = f"{service.package.upper()}_"
    for named in sorted(set(re.findall(rf"\b{prefix}[A-Z0-9_]+", section))):
        if not any(
            named in (variable, variable.rstrip("_")) or named.startswith(f"{variable}__")
            for variable in variables
        ):
            yield f"Settings tells of {named}, which nothing reads"


def _variables(service: ServiceFolder) -> Iterable[str]:
    """The environment variables of the service's own settings."""
    for node in ast.walk(parsed(service.source / "settings.py")):
        match node:
            case ast.keyword(arg="validation_alias", value=ast.Constant(value=str(name))):
                yield name
            case _:
                continue


def _sections(service: ServiceFolder) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    heading = ""
    for line in (service.path / "README.md").read_text().splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
            found[heading] = []
        elif heading:
            found[heading].append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def _prose(service: ServiceFolder) -> list[str]:
    """The lines that are not code: a comment in a shell example is no heading."""
    text = (service.path / "README.md").read_text()
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL).splitlines()
