"""What people look at: the letters that were taken in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, Field

from contracts.documents.v1 import DocumentReceived
from contracts.messages.v1 import MessageReceived
from email_ingest.application.ports import Session


class LetterView(BaseModel):
    """A letter as it was taken in."""

    source: str = Field(description="How it came: imap, webhook or history.")
    message: MessageReceived
    documents: tuple[DocumentReceived, ...]


class Desk(Protocol):
    """Reads letters."""

    async def letters(
        self, session: Session, *, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[LetterView]: ...
    async def letter(self, session: Session, message_id: str) -> LetterView | None: ...
