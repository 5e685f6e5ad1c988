"""Headers and paths as they may pass the door: what ends here, and what no sound client sends."""

from __future__ import annotations

import re
from collections.abc import Iterable

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"trailers", b"transfer-encoding", b"upgrade", b"expect",
    }
)  # fmt: skip
"""Headers of one connection, which end here (RFC 9110, 7.6.1)."""

Header = tuple[bytes, bytes]

_ENCODED = re.compile(rb"%(2e|2f|5c|00)", re.IGNORECASE)
_PARAMETER = re.compile(r";.*")


def end_to_end(headers: Iterable[Header]) -> list[Header]:
    """The headers that go on: without those of the connection and those that `Connection` names."""
    headers = list(headers)
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP | named]


def values_of(headers: Iterable[Header], name: bytes) -> list[str]:
    """Every value of a header; `name` in lower case."""
    return [value.decode("latin-1") for known, value in headers if known.lower() == name]


def first_of(headers: Iterable[Header], name: bytes) -> str | None:
    """A header's first value."""
    return next(iter(values_of(headers, name)), None)


def tricky(raw_path: bytes) -> bool:
    """Whether a raw path could mean one thing here and another in a service.

    Such are dot segments and slashes, backslashes or NULs written as %xx, empty segments, backslashes, and dot segments
    hidden behind a `;parameter`. What is refused here need not be understood the same way everywhere.
    """
    if any(found.lower() != b"2e" for found in _ENCODED.findall(raw_path)) or b"\\" in raw_path:
        return True
    try:
        path = _ENCODED.sub(b".", raw_path).decode("ascii")
    except UnicodeDecodeError:
        return True
    segments = [_PARAMETER.sub("", segment) for segment in path.split("/")[1:]]
    return any(segment in {"", ".", ".."} for segment in segments[:-1]) or segments[-1] in {".", ".."}
