"""What the simulated OpenAI remembers: keys that are no longer good, models that exist, answers by id."""

import itertools
from dataclasses import dataclass, field

from sandbox.wire import JsonObject, as_texts

_KNOWN_MODELS = ("gpt-6-astra", "gpt-6-sol", "gpt-6-luna", "text-embedding-3-small", "text-embedding-3-large")


@dataclass
class OpenAIState:
    """Everything but the wire."""

    revoked_keys: set[str] = field(default_factory=set[str])
    keys_without_quota: set[str] = field(default_factory=set[str])
    missing_models: set[str] = field(default_factory=set[str])
    models: list[str] = field(default_factory=lambda: list(_KNOWN_MODELS))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def seed(self, data: JsonObject) -> None:
        """Keys and models: see the vendor's FIDELITY.md."""
        self.revoked_keys |= set(as_texts(data.get("revoked_keys")))
        self.revoked_keys -= set(as_texts(data.get("restored_keys")))
        self.keys_without_quota |= set(as_texts(data.get("keys_without_quota")))
        self.missing_models |= set(as_texts(data.get("missing_models")))
        self.models = as_texts(data.get("models")) or self.models

    def next_id(self, prefix: str) -> str:
        """`resp_000001` and so on."""
        return f"{prefix}_{next(self._numbers):012d}"
