"""Hashes passwords with argon2id, a few at a time and never on the event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

_AT_ONCE = 4
"""Each takes tens of megabytes and a processor: more at once would only be slower, and a way to bring us down."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs."""

    passes: int
    memory_kib: int
    lanes: int


class Argon2Hashes:
    """The port `PasswordHashes`."""

    def __init__(self, cost: Cost) -> None:
        self._hash = PasswordHash(
            (Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes),)
        )
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = self._hash.hash("nobody has this password")

    async def make(self, password: str) -> str:
        """A hash with a salt of its own."""
        async with self._places:
            return await asyncio.to_thread(self._hash.hash, password)

    async def fits(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a new hash when the kept one is of other parameters."""
        async with self._places:
            fits, better = await asyncio.to_thread(self._verify, password, kept or self._nobodys)
        return (fits, better) if kept is not None else (False, None)

    def _verify(self, password: str, kept: str) -> tuple[bool, str | None]:
        try:
            return self._hash.verify_and_update(password, kept)
        except UnknownHashError:
            # A hash of no known form opens for nobody; its owner asks for a new password.
            return False, None
