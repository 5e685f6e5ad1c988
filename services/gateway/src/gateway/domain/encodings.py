"""How an answer may be compressed for a caller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gateway.domain.preferences import weights

SMALLEST = 1024
"""Below it compressing costs more than it saves."""
Encoding = Literal["zstd", "gzip"]
_OURS: tuple[Encoding, ...] = ("zstd", "gzip")


def preferred(accept_encoding: Iterable[str]) -> Encoding | None:
    """The encoding that the caller takes and we like best; None for none."""
    wanted = weights(accept_encoding)
    best = max(_OURS, key=lambda encoding: wanted.get(encoding, wanted.get("*", 0.0)))
    return best if wanted.get(best, wanted.get("*", 0.0)) > 0 else None


def is_text(content_type: str) -> bool:
    """Whether compressing such a body is of use."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind == "application/json" or kind.endswith("+json")
