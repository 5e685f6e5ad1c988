"""Make a note of a MessageSent."""

from __future__ import annotations

from datetime import datetime

from billing.domain.note import Note
from contracts.messages.v1 import MessageSent


def note_message_sent(event: MessageSent, *, message_id: str, now: datetime) -> Note:
    """The note of one message."""
    return Note(message_id=message_id, subject=event.ce_subject, heard_at=now)
