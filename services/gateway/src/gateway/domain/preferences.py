"""What a caller likes best of several things: headers such as `Accept-Encoding: zstd, gzip;q=0.5` (RFC 9110, 12.4.2)."""

from __future__ import annotations

from collections.abc import Iterable


def weights(values: Iterable[str]) -> dict[str, float]:
    """Each name in lower case with its weight: 1 where none is given, 0 where it cannot be read."""
    found: dict[str, float] = {}
    for value in values:
        for part in value.split(","):
            name, _, parameters = part.strip().lower().partition(";")
            found[name.strip()] = _weight(parameters)
    return found


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
