"""What the sign-in with Microsoft needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tenancy.domain.people import MicrosoftAccount


@dataclass(frozen=True, slots=True)
class MicrosoftIdentity:
    """What Microsoft says of somebody, signature, issuer, audience, time and nonce checked.

    `addresses` are those that the directory itself answers for; a mere `email` claim is none.
    """

    account: MicrosoftAccount
    addresses: Sequence[str]
    name: str


class Microsoft(Protocol):
    """Sign-in at Microsoft by OpenID Connect."""

    @property
    def set_up(self) -> bool:
        """Whether this installation is registered at Microsoft."""
        ...

    async def begin(self, tenant_id: str, directory_id: str) -> tuple[str, str]:
        """Where the browser is sent, and the sealed flow that its cookie carries. Raises `MicrosoftUnavailable`."""
        ...

    async def finish(self, flow: str, answer: Mapping[str, str]) -> tuple[str, MicrosoftIdentity]:
        """The tenant that the flow began for, and who came back.

        Raises `MicrosoftRefused` and `MicrosoftUnavailable`.
        """
        ...


class MicrosoftRefused(Exception):
    """The sign-in at Microsoft is not good; the message says why."""


class MicrosoftUnavailable(Exception):
    """Microsoft does not answer for now."""
