"""How many requests are taken from whom, and how that is told (IETF draft RateLimit header fields for HTTP)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
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


def policy_field(standings: Sequence[Standing]) -> str:
    """`RateLimit-Policy: "user";q=600;w=60`."""
    return ", ".join(f'"{one.policy.name}";q={one.policy.amount};w={one.policy.seconds}' for one in standings)


def limit_field(standings: Sequence[Standing]) -> str:
    """`RateLimit: "user";r=599;t=60`."""
    return ", ".join(
        f'"{one.policy.name}";r={one.remaining};t={max(0, ceil(one.resets_in))}' for one in standings
    )
