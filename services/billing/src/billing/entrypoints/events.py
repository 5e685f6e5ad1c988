"""What billing hears."""

from __future__ import annotations

from datetime import UTC, datetime

from billing.application.note_message_sent import note_message_sent
from billing.application.ports import Notes
from chassis import Outcome, Router, Session, UnitOfWork
from contracts.messages.v1 import MessageSent


def router(notes: Notes[Session]) -> Router:
    """The handlers."""
    router = Router()

    @router.on(MessageSent, grouped=True)
    async def on_message_sent(event: MessageSent, unit: UnitOfWork) -> Outcome:
        note = note_message_sent(event, message_id=unit.envelope.id, now=datetime.now(UTC))
        return await unit.write(notes.keep, unit.tenant_id, note)

    return router
