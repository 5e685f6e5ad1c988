"""What must not lie in the tree: secrets, paths of somebody's machine, decisions without a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from testkit.architecture.tree import Tree, files

_SECRETS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40,}"),
    "a key of OpenAI": re.compile(r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}"),
    "a key of Google": re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b"),
    "a key of AWS": re.compile(r"\bAKIA[A-Z0-9]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "a token of Slack": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
}
_MACHINE = re.compile(r"(?<![\w.:/}-])/(?:home|Users|work|root)/[A-Za-z][\w.-]*(?:/[\w.-]+)*")
_TOO_LARGE = 2_000_000
_LOCKS = {"uv.lock", "requirements.lock"}
_ADR = re.compile(r"(\d{4})-[a-z0-9-]+\.md")


def flaws(tree: Tree) -> list[str]:
    """What lies in the tree and must not."""
    found: list[str] = []
    for file in files(tree.root):
        text = _text(file)
        if text is not None and file.name not in _LOCKS:
            place = file.relative_to(tree.root)
            found += [f"{place}: {flaw}" for flaw in (*_secrets(text), *_paths(text))]
    return [*found, *_decisions(tree)]


def _secrets(text: str) -> Iterator[str]:
    yield from (f"holds {what}" for what, pattern in _SECRETS.items() if pattern.search(text))


def _paths(text: str) -> Iterator[str]:
    yield from (f"names a path of a machine, {path}" for path in sorted(set(_MACHINE.findall(text))))


def _decisions(tree: Tree) -> Iterator[str]:
    """ADRs are numbered 0001, 0002, … without gaps or doubles, and each begins with its number and a title."""
    folder = tree.root / "docs" / "adr"
    numbers: list[int] = []
    for file in sorted(folder.glob("*")):
        named = _ADR.fullmatch(file.name)
        if named is None:
            yield f"docs/adr/{file.name} is not called NNNN-title.md"
            continue
        numbers.append(int(named.group(1)))
        lines = file.read_text().splitlines() or [""]
        if not lines[0].startswith(f"# {named.group(1)} · "):
            yield f"docs/adr/{file.name} does not begin with # {named.group(1)} · and its title"
        parts = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
        if parts != _PARTS:
            yield f"docs/adr/{file.name} has the parts {parts}, not {_PARTS}"
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"docs/adr: the numbers are {numbers}, not 1 to {len(numbers)}"


_PARTS = ["Context", "Decision", "Consequences", "Alternatives", "Check"]


def _text(file: Path) -> str | None:
    """A text file's contents; nothing for what is no text."""
    if file.stat().st_size > _TOO_LARGE:
        return None
    try:
        return file.read_text()
    except UnicodeDecodeError:
        return None
