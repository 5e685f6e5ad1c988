"""A file's content and the fingerprints by which stores tell contents apart."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property

_BITS = 160
_SHIFT = 11


@dataclass(frozen=True)
class Content:
    """Bytes that are to be filed."""

    data: bytes
    media_type: str

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)

    @property
    def seconds(self) -> float:
        """How long keeping it may take: a slow line carries 100 kB in a second."""
        return 100 + self.size / 100_000

    @cached_property
    def sha256(self) -> str:
        """SHA-256, lower-case hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def quick_xor(self) -> str:
        """QuickXorHash in base64: the one fingerprint that OneDrive for Business gives."""
        return quick_xor_hash(self.data)


def quick_xor_hash(data: bytes) -> str:
    """Microsoft's QuickXorHash: byte i is exclusive-ored into a ring of 160 bits at bit 11·i; then the length.

    Bytes that fall on the same place of the ring (every 160th) are combined first, 160 at a time, as large numbers.
    """
    folded = 0
    for start in range(0, len(data), _BITS):
        folded ^= int.from_bytes(data[start : start + _BITS], "little")
    ring = 0
    for place, byte in enumerate(folded.to_bytes(_BITS, "little")):
        ring ^= _turned(byte, place * _SHIFT % _BITS)
    ring ^= len(data) << (_BITS - 64)
    return b64encode(ring.to_bytes(_BITS // 8, "little")).decode()


def _turned(value: int, by: int) -> int:
    shifted = value << by
    return (shifted & ((1 << _BITS) - 1)) | (shifted >> _BITS)
