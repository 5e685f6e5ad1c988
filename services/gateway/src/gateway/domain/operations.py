"""The API's table: which service answers which operation, and what a caller must be allowed for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

_API = re.compile(r"/api/v(\d+)/([A-Za-z0-9_.~-]+)")
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path of a service."""

    service: str
    method: str
    template: str
    scopes: tuple[str, ...] = ()
    """All of them are needed; none when whoever is known may."""
    public: bool = False
    spans: bool = False
    """Whether the last part of the path may hold slashes."""

    @property
    def resource(self) -> str:
        """The first part of the path after the version: what a write changes and a cached read belongs to."""
        return resource_of(self.template)

    @property
    def cacheable(self) -> bool:
        """Whether an answer may be kept, if the service allows it."""
        return self.method == "GET" and not self.public


@dataclass(frozen=True, slots=True)
class OtherMethods:
    """The path is known, the method is not."""

    allowed: tuple[str, ...]


def resource_of(path: str) -> str:
    """The resource that a path of the API belongs to; empty for what is no path of the API."""
    found = _API.match(path)
    return found[2] if found is not None else ""


def default_scope(template: str, method: str) -> str:
    """The scope of an operation that declares none: `leads:read`."""
    return f"{resource_of(template)}:{'read' if method in _READS else 'write'}"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A path template, cut into its parts; None stands for a parameter."""

    operation: Operation
    parts: tuple[str | None, ...]

    def fits(self, parts: Sequence[str]) -> bool:
        if len(parts) < len(self.parts) or (len(parts) > len(self.parts) and not self.operation.spans):
            return False
        return all(
            own is None or own == given for own, given in zip(self.parts, parts, strict=False)
        ) and all(parts)


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All operations at one moment, found by the path as a service would read it."""

    operations: tuple[Operation, ...]
    conflicts: tuple[str, ...]
    """Paths that two services claim; the first has it."""
    _patterns: Mapping[str, tuple[_Pattern, ...]] = field(repr=False)

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> Self:
        """A table of these; within a service the order of declaration decides, as it does there."""
        kept: dict[tuple[str, str], Operation] = {}
        conflicts: list[str] = []
        patterns: dict[str, list[_Pattern]] = {}
        for operation in operations:
            shape = re.sub(r"\{[^}]*\}", "{}", operation.template)
            first = kept.setdefault((operation.method, shape), operation)
            if first is operation:
                patterns.setdefault(operation.resource, []).append(
                    _Pattern(operation, _parts(operation.template))
                )
            elif first.service != operation.service:
                conflicts.append(
                    f"{operation.method} {operation.template} is declared by {first.service} and {operation.service}: "
                    f"{first.service} has it"
                )
        by_resource = {resource: tuple(found) for resource, found in patterns.items()}
        return cls(tuple(kept.values()), tuple(conflicts), by_resource)

    def find(self, method: str, path: str) -> Operation | OtherMethods | None:
        """The operation of a decoded path; HEAD is answered by GET. None when nobody has that path."""
        wanted = "GET" if method == "HEAD" else method
        parts = path.split("/")[1:]
        allowed: set[str] = set()
        for pattern in self._patterns.get(resource_of(path), ()):
            if not pattern.fits(parts):
                continue
            if pattern.operation.method == wanted:
                return pattern.operation
            allowed.add(pattern.operation.method)
        if not allowed:
            return None
        return OtherMethods(tuple(sorted(allowed | ({"HEAD"} if "GET" in allowed else set()) | {"OPTIONS"})))


def _parts(template: str) -> tuple[str | None, ...]:
    return tuple(None if part.startswith("{") else part for part in template.split("/")[1:])
