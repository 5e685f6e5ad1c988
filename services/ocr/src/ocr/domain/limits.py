"""How much of a document is read before it is given up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one document; what exceeds them is unreadable and says why."""

    file_bytes: int = 40 * 1024 * 1024
    pages: int = 200
    scanned_pages: int = 30
    pixels: int = 80_000_000
    characters: int = 2_000_000
    seconds: float = 180.0
    cpu_seconds: int = 150
    memory_bytes: int = 2 * 1024 * 1024 * 1024
    written_bytes: int = 256 * 1024 * 1024
