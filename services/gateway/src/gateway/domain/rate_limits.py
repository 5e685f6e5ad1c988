"""How many requests are taken from whom, and how that is told (IETF draft RateLimit header fields for HTTP)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import ceil
from typing import Self

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_WORDS = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour)")


@dataclass(frozen=True, slots=True)
class Policy:
    """So many requests in so many seconds; the name says of whom."""

    name: str
    amount: int
    seconds: int

    @classmethod
    def parse(cls, name: str, words: str) -> Self:
        """A policy such as `600/minute`. Raises `ValueError`."""
        found = _WORDS.fullmatch(words)
        if found is None:
            raise ValueError(f"{words!r} is no limit: write 600/minute, or second or hour")
        return cls(name, int(found[1]), _SECONDS[found[2]])


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands after a request."""

    policy: Policy
    allowed: bool
    remaining: int
    resets_in: float

    @property
    def retry_after(self) -> int:
        """Seconds to wait."""
        return max(1, ceil(self.resets_in))


def client_of(address: str) -> str:
    """Whom an address counts for: of IPv6 the first half, which one household or server has to itself."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if isinstance(read, IPv4Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(IPv6Network((int(read), 64), strict=False))


def policy_field(standings: Sequence[Standing]) -> str:
    """`RateLimit-Policy: "user";q=600;w=60`."""
    return ", ".join(f'"{one.policy.name}";q={one.policy.amount};w={one.policy.seconds}' for one in standings)


def limit_field(standings: Sequence[Standing]) -> str:
    """`RateLimit: "user";r=599;t=60`."""
    return ", ".join(
        f'"{one.policy.name}";r={one.remaining};t={max(0, ceil(one.resets_in))}' for one in standings
    )
