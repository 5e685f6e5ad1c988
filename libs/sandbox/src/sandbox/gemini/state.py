"""What the simulated Gemini remembers."""

import itertools
from dataclasses import dataclass, field

from sandbox.wire import JsonObject, as_texts

_KNOWN_MODELS = (
    "gemini-3.8-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-pro-preview",
    "gemini-embedding-001",
)


@dataclass
class GeminiState:
    """Everything but the wire."""

    revoked_keys: set[str] = field(default_factory=set[str])
    missing_models: set[str] = field(default_factory=set[str])
    models: list[str] = field(default_factory=lambda: list(_KNOWN_MODELS))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def seed(self, data: JsonObject) -> None:
        """Keys and models: see the vendor's FIDELITY.md."""
        self.revoked_keys |= set(as_texts(data.get("revoked_keys")))
        self.revoked_keys -= set(as_texts(data.get("restored_keys")))
        self.missing_models |= set(as_texts(data.get("missing_models")))
        self.models = as_texts(data.get("models")) or self.models

    def next_id(self) -> str:
        """An id for a response."""
        return f"r{next(self._numbers):012d}"
