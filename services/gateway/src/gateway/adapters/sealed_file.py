"""A file on this machine's disk, sealed, readable by its owner alone, replaced as a whole."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import uuid4

import structlog

from chassis.keyring import KeyRing, SealBroken

_log = structlog.get_logger("gateway.snapshot")


class SealedFile:
    """What is kept between two starts, so that the gateway starts while everything else is down."""

    def __init__(self, path: Path, ring: KeyRing, what: str) -> None:
        self._path = path
        self._ring = ring
        self._what = what
        self._context = f"gateway\x1f{what}\x1f1"

    async def load(self) -> bytes | None:
        """What was kept; None when nothing readable is there."""
        try:
            box = await asyncio.to_thread(self._path.read_text)
            return self._ring.open(box, self._context)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, SealBroken) as error:
            _log.warning(
                "a kept file is not readable and is left out", what=self._what, reason=type(error).__name__
            )
            return None

    async def save(self, content: bytes) -> None:
        """Keep this; a failure is told and harms nothing but the next start."""
        box = self._ring.seal(content, self._context)
        try:
            await asyncio.to_thread(self._replace, box)
        except OSError as error:
            _log.error(
                "it was not kept: without it the gateway cannot start while the services are down",
                what=self._what, path=str(self._path), reason=str(error),
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
