"""A registered hook, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Hook:
    """Where one outside system may post to, and the secrets of which any may have signed."""

    hook_id: str
    tenant_id: str
    source: str
    verifier: str
    secrets: tuple[bytes, ...] = field(repr=False)
    settings: object = field(default=None, repr=False)
    """What its kind needs besides, in the form that its verifier knows."""
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class HookTable:
    """All hooks at one moment."""

    by_id: Mapping[str, Hook]

    @classmethod
    def of(cls, hooks: Iterable[Hook]) -> Self:
        """A table of these hooks."""
        return cls({hook.hook_id: hook for hook in hooks})

    def find(self, source: str, hook_id: str) -> Hook | None:
        """The hook of that address: the source must be its own."""
        hook = self.by_id.get(hook_id)
        return hook if hook is not None and hook.source == source else None
