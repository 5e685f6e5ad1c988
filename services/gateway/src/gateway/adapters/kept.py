"""What is kept for the next start: who may come in, and what the services said they answer."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from gateway.adapters.sealed_file import SealedFile
from gateway.domain.access import Access
from gateway.domain.openapi import Json

_log = structlog.get_logger("gateway.snapshot")
_DOCUMENTS = TypeAdapter(dict[str, dict[str, object]])


class _Access(BaseModel):
    version: int
    keys: dict[str, dict[str, str]]
    revoked: list[str]
    suspended: list[str]
    unlicensed: list[str] = []
    read_at: float


class SealedAccess:
    """The port `KeptAccess`."""

    def __init__(self, file: SealedFile) -> None:
        self._file = file

    async def load(self) -> tuple[Access, float] | None:
        """What was kept; None when nothing readable is there."""
        content = await self._file.load()
        if content is None:
            return None
        try:
            kept = _Access.model_validate_json(content)
        except ValidationError:
            _log.warning("a kept file is of another version and is left out", what="access")
            return None
        return (
            Access(
                kept.version,
                kept.keys,
                frozenset(kept.revoked),
                frozenset(kept.suspended),
                frozenset(kept.unlicensed),
            ),
            kept.read_at,
        )

    async def save(self, access: Access, read_at: float) -> None:
        """Keep this."""
        kept = _Access(
            version=access.version, keys={name: dict(key) for name, key in access.keys.items()},
            revoked=sorted(access.revoked), suspended=sorted(access.suspended),
            unlicensed=sorted(access.unlicensed), read_at=read_at,
        )  # fmt: skip
        await self._file.save(kept.model_dump_json().encode())


class SealedDocuments:
    """The port `KeptDocuments`: sealed, because who could change them could change what an operation wants."""

    def __init__(self, file: SealedFile) -> None:
        self._file = file

    async def load(self) -> Mapping[str, Json]:
        """What was kept; nothing when nothing readable is there."""
        content = await self._file.load()
        if content is None:
            return {}
        try:
            return _DOCUMENTS.validate_json(content)
        except ValidationError:
            _log.warning("a kept file is of another version and is left out", what="routes")
            return {}

    async def save(self, documents: Mapping[str, Json]) -> None:
        """Keep these."""
        await self._file.save(_DOCUMENTS.dump_json(dict(documents)))
