"""How an answer may be compressed for a caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

SMALLEST = 1024
"""Below it compressing costs more than it saves."""
Encoding = Literal["zstd", "gzip"]
_OURS: tuple[Encoding, ...] = ("zstd", "gzip")


def preferred(accept_encoding: Iterable[str]) -> Encoding | None:
    """The encoding that the caller takes and we like best; None for none."""
    weights: dict[str, float] = {}
    for value in accept_encoding:
        for part in value.split(","):
            name, _, parameters = part.strip().lower().partition(";")
            weights[name.strip()] = _weight(parameters)
    best = max(_OURS, key=lambda encoding: weights.get(encoding, weights.get("*", 0.0)))
    return best if weights.get(best, weights.get("*", 0.0)) > 0 else None


def is_text(content_type: str) -> bool:
    """Whether compressing such a body is of use."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind == "application/json" or kind.endswith("+json")


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
