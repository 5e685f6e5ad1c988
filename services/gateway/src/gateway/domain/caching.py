"""What of an answer may be kept, for whom and how long (RFC 9111), and whether it has changed (RFC 9110)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.domain.headers import Header, first_of, values_of

LONGEST_SECONDS = 3600
_VARIES_BY_KEY = frozenset({"accept", "accept-language", "accept-encoding", "authorization", "x-api-key", "x-tenant-id", "origin"})  # fmt: skip
"""What the key of a kept answer holds anyway, or what the gateway makes itself."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How long an answer may be kept; `private` is for this caller alone, else for all of the tenant with the same rights."""

    seconds: int
    private: bool


def freshness_of(status: int, headers: Sequence[Header]) -> Freshness | None:
    """Whether the service allows its answer to be kept. Silence is no."""
    control = _directives(values_of(headers, b"cache-control"))
    if status != 200 or not control or {"no-store", "no-cache"} & control.keys():
        return None
    if not {"private", "public"} & control.keys() or values_of(headers, b"set-cookie"):
        return None
    varies = {name.strip().lower() for value in values_of(headers, b"vary") for name in value.split(",")}
    if varies - _VARIES_BY_KEY - {""} or values_of(headers, b"content-encoding"):
        return None
    age = control.get("max-age", "")
    if not age.isdecimal() or not age.isascii() or int(age[:9]) == 0:
        return None
    return Freshness(min(int(age[:9]), LONGEST_SECONDS), private="private" in control)


def wants_the_service(headers: Sequence[Header]) -> bool:
    """Whether the caller will not have what was kept."""
    control = _directives(values_of(headers, b"cache-control"))
    return bool(
        {"no-cache", "no-store"} & control.keys()
        or control.get("max-age") == "0"
        or values_of(headers, b"range")
        or (not control and "no-cache" in (first_of(headers, b"pragma") or "").lower())
    )


def must_not_be_kept(headers: Sequence[Header]) -> bool:
    """Whether the caller asks that nothing be kept of this, or asks for a part only."""
    control = _directives(values_of(headers, b"cache-control"))
    return "no-store" in control or bool(values_of(headers, b"range"))


def etag_of(body: bytes) -> str:
    """A tag for a body whose service gave none: weak, for the same answer may go out compressed or not."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def unchanged(if_none_match: Iterable[str], etag: str) -> bool:
    """Whether the caller has this already, by weak comparison."""
    known = {tag.strip().removeprefix("W/") for value in if_none_match for tag in value.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def _directives(values: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        for part in value.split(","):
            name, _, argument = part.strip().partition("=")
            if name:
                found[name.lower()] = argument.strip('"')
    return found
