from __future__ import annotations

import pytest

from gateway.domain.encodings import is_text, preferred


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip, deflate, br, zstd", "zstd"), ("gzip", "gzip"), ("zstd;q=0.1, gzip;q=0.9", "gzip"), ("*", "zstd"),
        ("gzip;q=0, *", "zstd"), ("identity", None), ("", None), ("gzip;q=0", None), ("zstd;q=nonsense", None),
        ("*;q=0", None), ("br", None),
    ],
)  # fmt: skip
def test_the_callers_favourite_of_ours_is_taken(accepted: str, expected: str | None) -> None:
    assert preferred([accepted]) == expected


def test_only_text_is_compressed() -> None:
    assert all(map(is_text, ["application/json", "application/problem+json; charset=utf-8", "text/csv"]))
    assert not any(map(is_text, ["image/png", "application/zip", "", "message/rfc822"]))
