"""What the use cases need from outside."""

from __future__ import annotations

from typing import Protocol, TypeVar

from billing.domain.note import Note

Session = TypeVar("Session", contravariant=True)


class Notes(Protocol[Session]):
    """Where the notes are kept; `Session` is the store's own affair."""

    async def keep(self, session: Session, tenant_id: str, note: Note) -> None:
        """Keep a note; the same one once."""
        ...
