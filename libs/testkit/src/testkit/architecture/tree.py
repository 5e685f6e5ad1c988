"""A checkout, or a copy of one."""

from __future__ import annotations

import ast
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_NOT_OURS = {".git", ".venv", ".local", ".tools", "__pycache__", "node_modules", "run"}
_CACHES = (".pytest_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis")


@dataclass(frozen=True)
class ServiceFolder:
    """One folder under `services/`."""

    path: Path

    @property
    def name(self) -> str:
        """The deployed name, in kebab-case."""
        return self.path.name

    @property
    def package(self) -> str:
        """The imported name, in snake_case."""
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """The package's folder."""
        return self.path / "src" / self.package

    @cached_property
    def project(self) -> dict[str, Any]:
        """The parsed `pyproject.toml`."""
        return tomllib.loads((self.path / "pyproject.toml").read_text())

    def modules(self) -> list[Path]:
        """The Python files of the package."""
        return [file for file in files(self.source) if file.suffix == ".py"]


class Tree:
    """The workspace under a root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def services(self) -> list[ServiceFolder]:
        """The services, by name."""
        return [
            ServiceFolder(folder) for folder in sorted((self.root / "services").iterdir()) if folder.is_dir()
        ]

    def service(self, name: str) -> ServiceFolder:
        """One service."""
        return ServiceFolder(self.root / "services" / name)

    @cached_property
    def project(self) -> dict[str, Any]:
        """The root's parsed `pyproject.toml`."""
        return tomllib.loads((self.root / "pyproject.toml").read_text())

    def python_files(self) -> list[Path]:
        """Every Python file of ours."""
        return [file for file in files(self.root) if file.suffix == ".py"]


def files(folder: Path) -> Iterator[Path]:
    """Every file of ours under a folder, in a fixed order: no caches, no installed or generated programs."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS and name not in _CACHES)
        yield from (Path(place) / name for name in sorted(names))


def parsed(file: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(file.read_text(), str(file))


def strings(node: ast.AST) -> Iterator[ast.Constant]:
    """The string constants of a piece of code, docstrings excluded."""
    words = {id(words) for words in _docstrings(node)}
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in words:
            yield part


def _docstrings(node: ast.AST) -> Iterator[ast.expr]:
    for part in ast.walk(node):
        match part:
            case ast.Expr(value=ast.Constant(value=str())):
                yield part.value
            case _:
                continue
