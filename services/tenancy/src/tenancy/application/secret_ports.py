"""What the use cases about people need for passwords, tokens and what must not lie in clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from tenancy.application.people_ports import SigningKey


class PasswordHashes(Protocol):
    """Slow hashes of passwords."""

    async def make(self, password: str) -> str:
        """A hash with a salt of its own."""
        ...

    async def fits(self, password: str, kept: str | None) -> tuple[bool, str | None]:
        """Whether it is the password, and a new hash when the kept one is of weaker parameters.

        Without a kept hash it takes as long as with one, and does not fit.
        """
        ...


class Signer(Protocol):
    """Makes key pairs, and tokens with them."""

    def new_key(self, key_id: str, now: datetime) -> SigningKey:
        """A key pair, the private half sealed."""
        ...

    def sign(self, key: SigningKey, claims: Mapping[str, str | int]) -> str:
        """An access token. Raises `CannotOpen`."""
        ...

    def resealed(self, key: SigningKey) -> SigningKey | None:
        """The key under the newest master key; None when it is. Raises `CannotOpen`."""
        ...


class Hider(Protocol):
    """Hides what must not lie in clear: subjects of attempts, and links in letters."""

    def subject(self, kind: str, value: str) -> str:
        """A keyed hash."""
        ...

    def letter_secret(self, tenant_id: str, letter_id: str, value: str) -> str:
        """A box that notification opens when the letter leaves."""
        ...
