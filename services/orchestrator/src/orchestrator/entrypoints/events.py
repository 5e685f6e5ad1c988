"""What the orchestrator hears."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from chassis import Outcome, Router, Session, UnitOfWork
from chassis.errors import RetryLater
from contracts.conversations.v1 import ReplyDrafted
from contracts.crm.v1 import CustomerLinked
from contracts.documents.v1 import DocumentAnalyzed, DocumentFiled, DocumentUnreadable
from contracts.envelope import Following
from contracts.messages.v1 import MessageFailed, MessageReceived, MessageSent, MessageUncertain
from orchestrator.application.decide_reply import decide_reply
from orchestrator.application.note_document import note_document, note_filed
from orchestrator.application.note_sent import note_sent, note_trouble
from orchestrator.application.ports import Clock, Profiles, Recogniser, Records
from orchestrator.application.take_letter import AnsweredTooSoon, take_letter

_ATTEMPTS_TO_WAIT = 3

RecordsOf = Callable[[Session, str], Records]


def router(
    records_of: RecordsOf,
    profiles: Profiles,
    clock: Clock,
    is_own: Recogniser,
    *,
    patience: timedelta,
    paused: bool,
) -> Router:
    """The orchestrator's hearings; each locks its lead, so none is grouped."""
    router = Router()

    @router.on(MessageReceived)
    async def on_message_received(event: MessageReceived, unit: UnitOfWork) -> Outcome:
        tenant = await profiles.profile(unit.tenant_id)
        own = partial(is_own, unit.tenant_id)
        may_wait = unit.attempt <= _ATTEMPTS_TO_WAIT

        async def write(session: Session) -> list[Following]:
            records = records_of(session, unit.tenant_id)
            return await take_letter(
                event, records=records, tenant=tenant, now=clock(), patience=patience, is_own=own,
                may_wait=may_wait,
            )  # fmt: skip

        try:
            return await unit.write(write)
        except AnsweredTooSoon as error:
            raise RetryLater(str(error)) from error

    @router.on(DocumentAnalyzed)
    async def on_document_analyzed(event: DocumentAnalyzed, unit: UnitOfWork) -> Outcome:
        return await note(event, unit)

    @router.on(DocumentUnreadable)
    async def on_document_unreadable(event: DocumentUnreadable, unit: UnitOfWork) -> Outcome:
        return await note(event, unit)

    async def note(event: DocumentAnalyzed | DocumentUnreadable, unit: UnitOfWork) -> Outcome:
        tenant = await profiles.profile(unit.tenant_id)

        async def write(session: Session) -> list[Following]:
            records = records_of(session, unit.tenant_id)
            return await note_document(event, records=records, tenant=tenant, now=clock())

        return await unit.write(write)

    @router.on(DocumentFiled)
    async def on_document_filed(event: DocumentFiled, unit: UnitOfWork) -> Outcome:
        async def write(session: Session) -> None:
            await note_filed(event, records=records_of(session, unit.tenant_id))

        return await unit.write(write)

    @router.on(ReplyDrafted)
    async def on_reply_drafted(event: ReplyDrafted, unit: UnitOfWork) -> Outcome:
        tenant = await profiles.profile(unit.tenant_id)

        async def write(session: Session) -> list[Following]:
            records = records_of(session, unit.tenant_id)
            return await decide_reply(event, records=records, tenant=tenant, now=clock(), fleet_paused=paused)

        return await unit.write(write)

    @router.on(MessageSent)
    async def on_message_sent(event: MessageSent, unit: UnitOfWork) -> Outcome:
        async def write(session: Session) -> list[Following]:
            return await note_sent(event, records=records_of(session, unit.tenant_id))

        return await unit.write(write)

    @router.on(MessageUncertain)
    async def on_message_uncertain(event: MessageUncertain, unit: UnitOfWork) -> Outcome:
        return await trouble(event, unit)

    @router.on(MessageFailed)
    async def on_message_failed(event: MessageFailed, unit: UnitOfWork) -> Outcome:
        return await trouble(event, unit)

    async def trouble(event: MessageUncertain | MessageFailed, unit: UnitOfWork) -> Outcome:
        async def write(session: Session) -> None:
            await note_trouble(event, records=records_of(session, unit.tenant_id), now=clock())

        return await unit.write(write)

    @router.on(CustomerLinked)
    async def on_customer_linked(event: CustomerLinked, unit: UnitOfWork) -> Outcome:
        async def write(session: Session) -> None:
            await records_of(session, unit.tenant_id).link_customer(event.lead_id, event.customer_id)

        return await unit.write(write)

    return router
