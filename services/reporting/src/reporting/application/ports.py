"""What reporting needs from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, JsonValue


class Entry(BaseModel):
    """One message in the journal."""

    position: int
    message_id: str
    type: str
    source: str
    subject: str
    said_at: datetime
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    sequence: int | None
    body: dict[str, JsonValue]


class Journal(Protocol):
    """The journal of one tenant, as it is read."""

    async def entries(
        self, *, correlation_id: str | None, subject: str | None, kind: str | None, after: int, limit: int
    ) -> list[Entry]:
        """Entries after a position, in order; none with a lower position shows up later."""
        ...

    async def story(self, reference: str, *, after: int, limit: int) -> list[Entry]:
        """Entries after a position of the stories that a correlation id, or an aggregate such as lead/…, belongs to."""
        ...
