"""The hooks on this machine's disk, sealed, so that the gateway can start while tenancy is down."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import structlog
from pydantic import BaseModel, Field, JsonValue, ValidationError

from chassis.keyring import KeyRing
from contracts.tenants.hooks import HookSettings, read_settings
from gateway.adapters.sealed_file import SealedFile
from gateway.domain.hook import Hook

_log = structlog.get_logger("gateway.snapshot")


class _Kept(BaseModel):
    hook_id: str
    tenant_id: str
    source: str
    verifier: str
    secrets: list[str]
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    suspended: bool = False


class _Snapshot(BaseModel):
    hooks: list[_Kept]


class SealedSnapshot:
    """The port `Snapshot`."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        self._file = SealedFile(path, ring, "hooks snapshot")

    async def load(self) -> tuple[Hook, ...] | None:
        """What was kept; None when nothing readable is there."""
        content = await self._file.load()
        if content is None:
            return None
        try:
            snapshot = _Snapshot.model_validate_json(content)
        except ValidationError as error:
            _log.warning("the snapshot of hooks is not readable and is left out", reason=type(error).__name__)
            return None
        return tuple(hook for kept in snapshot.hooks if (hook := _hook(kept)) is not None)

    async def save(self, hooks: tuple[Hook, ...]) -> None:
        """Keep these; a failure is told and harms nothing but the next start without tenancy."""
        kept = [
            _Kept(
                hook_id=hook.hook_id, tenant_id=hook.tenant_id, source=hook.source, verifier=hook.verifier,
                secrets=[b64encode(secret).decode() for secret in hook.secrets],
                settings=_settings(hook), suspended=hook.suspended,
            )
            for hook in hooks
        ]  # fmt: skip
        await self._file.save(_Snapshot(hooks=kept).model_dump_json().encode())


def _settings(hook: Hook) -> dict[str, JsonValue]:
    return hook.settings.model_dump(mode="json") if isinstance(hook.settings, HookSettings) else {}


def _hook(kept: _Kept) -> Hook | None:
    """A kept hook, unless it is of a kind that this version does not know."""
    try:
        settings = read_settings(kept.verifier, kept.settings)
    except (KeyError, ValidationError):
        _log.warning("a kept hook is of another version and is left out", hook=kept.hook_id)
        return None
    secrets = tuple(b64decode(secret) for secret in kept.secrets)
    return Hook(
        kept.hook_id, kept.tenant_id, kept.source, kept.verifier, secrets, settings, kept.suspended
    )  # fmt: skip
