"""The language in which a person is told something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from gateway.domain.preferences import weights

Language = Literal["de", "en"]
_OURS: tuple[Language, ...] = ("en", "de")


def spoken(accept_language: Iterable[str]) -> Language:
    """German or English, whichever `Accept-Language` likes better (`de-AT` is German); English without a wish."""
    wanted: dict[str, float] = {}
    for tag, weight in weights(accept_language).items():
        language = tag.partition("-")[0]
        wanted[language] = max(weight, wanted.get(language, 0.0))
    return max(_OURS, key=lambda language: wanted.get(language, 0.0))
