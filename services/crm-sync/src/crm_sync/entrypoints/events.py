"""What crm-sync hears."""

from __future__ import annotations

from chassis import Outcome, Router, UnitOfWork
from contracts.documents.v1 import DocumentFiled
from contracts.leads.v1 import HandoverRequested, LeadCreated
from contracts.messages.v1 import MessageSent
from crm_sync.application.link_customer import LinkCustomer
from crm_sync.application.log_activity import ActivityDue, LogActivity, of_document, of_handover, of_reply


def router(link: LinkCustomer, log: LogActivity) -> Router:
    """The handlers; they lock the lead's tie, so their writes are not grouped."""
    router = Router()

    @router.on(LeadCreated, prefetch=16)
    async def on_lead_created(event: LeadCreated, unit: UnitOfWork) -> Outcome:
        linked = await link(event, unit)
        return await unit.write(link.keep, linked)

    @router.on(MessageSent, prefetch=16)
    async def on_message_sent(event: MessageSent, unit: UnitOfWork) -> Outcome | None:
        activity = of_reply(event)
        return None if activity is None else await _log(activity, unit)

    @router.on(DocumentFiled, prefetch=16)
    async def on_document_filed(event: DocumentFiled, unit: UnitOfWork) -> Outcome:
        return await _log(of_document(event, unit.envelope.time), unit)

    @router.on(HandoverRequested, prefetch=16)
    async def on_handover_requested(event: HandoverRequested, unit: UnitOfWork) -> Outcome:
        return await _log(of_handover(event, unit.envelope.time), unit)

    @router.on_timer(ActivityDue, prefetch=16)
    async def on_activity_due(activity: ActivityDue, unit: UnitOfWork) -> Outcome:
        return await _log(activity, unit)

    async def _log(activity: ActivityDue, unit: UnitOfWork) -> Outcome:
        outcome = await log(activity, unit)
        return await unit.write(log.keep, outcome)

    return router
