"""`frontdesk scaffold vendor`: an adapter in one module, with a test over real HTTP."""

from __future__ import annotations

import re
from pathlib import Path

from frontdesk.scaffold.plan import CannotScaffold, Plan, kebab, pascal, rendered, snake

_NEXT = (
    "read the vendor's own documents; write down what is not in them as a comment where it matters",
    "implement a port of application/ports.py, name the adapter in app.py, choose it by the tenant's settings",
    "simulate the vendor in libs/sandbox (a folder of its own with FIDELITY.md), and run the port's conformance suite over it",
    "at about 300 lines make it a folder: client.py, mapping.py, adapter.py, webhooks.py",
)


def new_vendor(root: Path, name: str, *, service: str) -> Plan:
    """An adapter for a vendor in one service.

    Raises `CannotScaffold` when there is no such service, or the vendor is there already.
    """
    folder = root / "services" / kebab(service)
    package = snake(service)
    vendor = snake(kebab(name))
    if not folder.is_dir():
        raise CannotScaffold(f"there is no service {service}")
    adapters = folder / "src" / package / "adapters"
    if (adapters / vendor).exists() or (adapters / f"{vendor}.py").exists():
        raise CannotScaffold(f"{service} has {name} already")
    words = {"vendor": vendor, "title": pascal(name), "package": package, "service": service}
    files = {f"services/{service}/{path}": text for path, text in rendered("vendor", words).items()}
    project = f"services/{service}/pyproject.toml"
    changed = {
        "pyproject.toml": _as_a_stranger((root / "pyproject.toml").read_text(), vendor),
        project: _with_vendorkit((root / project).read_text()),
    }
    return Plan(files, changed, _NEXT)


def _as_a_stranger(text: str, vendor: str) -> str:
    """The root's import rules, by which vendors never import each other."""
    line = f'"*.adapters.{vendor}"'
    if line in text:
        return text
    text, found = re.subn(
        r'(name = "Vendors\' adapters never import each other".*?modules = \[\n)',
        rf"\1    {line},\n",
        text,
        flags=re.DOTALL,
    )
    if not found:
        raise CannotScaffold(
            f"the rule that vendors never import each other cannot be found: add {line} by hand"
        )
    return text


def _with_vendorkit(text: str) -> str:
    """The service's project, depending on vendorkit."""
    if "frontdesk-vendorkit" in text:
        return text
    text = re.sub(r"(dependencies = \[\n)", r'\1    "frontdesk-vendorkit",\n', text, count=1)
    return text.replace(
        "[tool.uv.sources]\n", "[tool.uv.sources]\nfrontdesk-vendorkit = { workspace = true }\n"
    )
