"""The keys under which a tenant's secrets lie."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A tenant's data key as it is kept: wrapped by the key ring, or without a key when that was destroyed."""

    tenant_id: str
    version: int
    wrapped: str | None

    @property
    def destroyed(self) -> bool:
        """Whether nothing under it opens any more."""
        return self.wrapped is None
