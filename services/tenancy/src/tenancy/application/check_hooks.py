"""What each kind of hook needs, checked before anything is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from contracts.tenants.hooks import KINDS, HookKind, secret_faults
from tenancy.domain.flaws import Flaw
from tenancy.domain.hooks import OpenHook, WantedHook, hook_flaws


def flaws_of_hooks(wanted: Sequence[WantedHook], known: Mapping[str, OpenHook]) -> Iterator[Flaw]:
    """Everything that is wrong with a tenant's hooks; `known` are those that it has and that open.

    What a hook leaves out counts as it is kept: a hook that becomes of another kind must fit that kind.
    """
    yield from hook_flaws(wanted)
    for place, hook in enumerate(wanted):
        at = f"hooks/{place}"
        kind = KINDS.get(hook.verifier)
        if kind is None:
            yield Flaw(f"{at}/verifier", f"is none of {', '.join(sorted(KINDS))}")
            continue
        before = known.get(hook.hook_id)
        yield from _secret_flaws(hook, before, kind, at)
        yield from _settings_flaws(hook, before, kind, at)


def _secret_flaws(hook: WantedHook, before: OpenHook | None, kind: HookKind, at: str) -> Iterator[Flaw]:
    secrets = hook.secrets
    if secrets is None:
        if before is None and hook.enabled and kind.secret is not None:
            yield Flaw(f"{at}/secrets", "is missing: a source without a secret cannot be enabled")
        if before is None:
            return
        secrets = before.secrets
    if not secrets and not hook.enabled:
        return
    yield from (Flaw(f"{at}/{field}", message) for field, message in secret_faults(kind, secrets))


def _settings_flaws(hook: WantedHook, before: OpenHook | None, kind: HookKind, at: str) -> Iterator[Flaw]:
    settings = hook.settings
    if settings is None:
        if before is None and not hook.enabled:
            return
        settings = before.settings if before is not None else {}
    try:
        kind.settings.model_validate(dict(settings))
    except ValidationError as error:
        # The value is never shown: some settings are secret.
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            place = "/".join(str(step) for step in ("settings", *fault["loc"]))
            yield Flaw(f"{at}/{place}", fault["msg"].removeprefix("Value error, "))
