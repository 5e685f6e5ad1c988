"""The fingerprint that OneDrive for Business gives."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from file_management.domain.content import quick_xor_hash


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        (b64decode("Sg=="), "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
        (b64decode("tbQ="), "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
    ],
)
def test_quick_xor_is_microsofts(data: bytes, expected: str) -> None:
    assert quick_xor_hash(data) == expected


@given(st.binary(max_size=700))
def test_quick_xor_is_the_same_bit_by_bit(data: bytes) -> None:
    ring = [0] * 160
    for index, byte in enumerate(data):
        for bit in range(8):
            ring[(index * 11 + bit) % 160] ^= byte >> bit & 1
    for bit in range(64):
        ring[96 + bit] ^= len(data) >> bit & 1
    number = sum(bit << place for place, bit in enumerate(ring))
    assert quick_xor_hash(data) == b64encode(number.to_bytes(20, "little")).decode()
