"""Hooks: the addresses at the gateway that outside systems post to, and the secrets they sign with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tenancy.domain.flaws import Flaw

SHORTEST_SECRET = 16
MOST_SECRETS = 4
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class WantedHook:
    """A hook as somebody asks for it; secrets of `None` keep the ones it has."""

    hook_id: str
    source: str
    secrets: tuple[str, ...] | None
    verifier: Literal["hmac"] = "hmac"
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SealedHook:
    """A hook as it is kept; all its secrets are in one sealed box, bound to tenant, hook and `version`."""

    hook_id: str
    tenant_id: str
    source: str
    verifier: Literal["hmac"]
    enabled: bool
    version: int
    box: str


@dataclass(frozen=True, slots=True)
class OpenHook:
    """An enabled hook with its secrets in clear, for the gateway alone."""

    hook_id: str
    tenant_id: str
    source: str
    verifier: Literal["hmac"]
    secrets: tuple[str, ...]


def hook_flaws(hooks: Sequence[WantedHook], known: frozenset[str]) -> Iterator[Flaw]:
    """What is wrong with a tenant's hooks; `known` are those that it has, with their secrets."""
    seen: set[str] = set()
    for place, hook in enumerate(hooks):
        at = f"hooks/{place}"
        if hook.hook_id in seen:
            yield Flaw(f"{at}/hook_id", f"{hook.hook_id} stands there twice")
        seen.add(hook.hook_id)
        for name, value in (("hook_id", hook.hook_id), ("source", hook.source)):
            if not _NAME.fullmatch(value):
                yield Flaw(f"{at}/{name}", "must be lower-case letters, digits and hyphens, at most 64")
        yield from _secret_flaws(hook, at, known)


def _secret_flaws(hook: WantedHook, at: str, known: frozenset[str]) -> Iterator[Flaw]:
    if hook.secrets is None:
        if hook.enabled and hook.hook_id not in known:
            yield Flaw(f"{at}/secrets", "is missing: a source without a secret cannot be enabled")
        return
    if hook.enabled and not hook.secrets:
        yield Flaw(f"{at}/secrets", "is empty: a source without a secret cannot be enabled")
    if len(hook.secrets) > MOST_SECRETS:
        yield Flaw(
            f"{at}/secrets", f"has more than {MOST_SECRETS}; take away those that nobody signs with any more"
        )
    for place, secret in enumerate(hook.secrets):
        if len(secret.encode()) < SHORTEST_SECRET:
            yield Flaw(
                f"{at}/secrets/{place}", f"is shorter than {SHORTEST_SECRET} bytes: it could be guessed"
            )
