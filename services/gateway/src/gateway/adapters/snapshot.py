"""The hooks on this machine's disk, sealed, so that the gateway can start while tenancy is down."""

from __future__ import annotations

import asyncio
import os
from base64 import b64decode, b64encode
from pathlib import Path
from uuid import uuid4

import structlog
from pydantic import BaseModel, Field, JsonValue, ValidationError

from chassis.keyring import KeyRing, SealBroken
from contracts.tenants.hooks import HookSettings, read_settings
from gateway.domain.hook import Hook

_CONTEXT = "gateway\x1fhooks snapshot\x1f1"
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
    """The port `Snapshot`: one file, readable by its owner alone, replaced as a whole."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        self._path = path
        self._ring = ring

    async def load(self) -> tuple[Hook, ...] | None:
        """What was kept; None when nothing readable is there."""
        try:
            box = await asyncio.to_thread(self._path.read_text)
            snapshot = _Snapshot.model_validate_json(self._ring.open(box, _CONTEXT))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, SealBroken, ValidationError) as error:
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
        box = self._ring.seal(_Snapshot(hooks=kept).model_dump_json().encode(), _CONTEXT)
        try:
            await asyncio.to_thread(self._replace, box)
        except OSError as error:
            _log.error(
                "the snapshot of hooks was not kept: without it the gateway cannot start while tenancy is down",
                path=str(self._path), reason=str(error),
            )  # fmt: skip

    def _replace(self, box: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.{uuid4().hex[:8]}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(box)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        finally:
            fresh.unlink(missing_ok=True)


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
