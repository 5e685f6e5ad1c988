"""Hooks: the addresses at the gateway that outside systems post to, and the secrets they sign with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tenancy.domain.flaws import Flaw
from tenancy.domain.keys import WrappedKey

MOST_SECRETS = 4
TELLS_PAYMENTS = "stripe"
"""A hook of this kind stays open to a company that only its licence stops: else no payment could lift that."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class WantedHook:
    """A hook as somebody asks for it; secrets and settings of `None` keep the ones it has."""

    hook_id: str
    source: str
    secrets: tuple[str, ...] | None
    verifier: str = "hmac"
    enabled: bool = True
    settings: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SealedHook:
    """A hook as it is kept; its secrets and settings are in one sealed box, bound to tenant, hook and `version`."""

    hook_id: str
    tenant_id: str
    source: str
    verifier: str
    enabled: bool
    version: int
    box: str
    key: WrappedKey | None = None


@dataclass(frozen=True, slots=True)
class OpenHook:
    """A hook with its secrets in clear, for the gateway alone."""

    hook_id: str
    tenant_id: str
    source: str
    verifier: str
    secrets: tuple[str, ...] = field(repr=False)
    settings: Mapping[str, object] = field(repr=False)
    suspended: bool = False


def hook_flaws(hooks: Sequence[WantedHook]) -> Iterator[Flaw]:
    """What is wrong with a tenant's hooks, of whatever kind they are."""
    seen: set[str] = set()
    for place, hook in enumerate(hooks):
        at = f"hooks/{place}"
        if hook.hook_id in seen:
            yield Flaw(f"{at}/hook_id", f"{hook.hook_id} stands there twice")
        seen.add(hook.hook_id)
        for name, value in (("hook_id", hook.hook_id), ("source", hook.source)):
            if not _NAME.fullmatch(value):
                yield Flaw(f"{at}/{name}", "must be lower-case letters, digits and hyphens, at most 64")
        if hook.secrets is not None and len(hook.secrets) > MOST_SECRETS:
            yield Flaw(
                f"{at}/secrets",
                f"has more than {MOST_SECRETS}; take away those that nobody signs with any more",
            )
