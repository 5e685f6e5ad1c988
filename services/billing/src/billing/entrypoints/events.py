"""What billing hears: facts of use, companies, Stripe's events."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from billing.application.ports import NotConfigured, Room
from billing.application.record_usage import (
    RecordUsage,
    facts_of_document_analyzed,
    facts_of_message_received,
    facts_of_message_sent,
    facts_of_reply_drafted,
)
from billing.application.review_licence import ReviewLicence
from billing.application.take_on_company import TakeOnCompany
from billing.application.take_stripe_event import BadEvent, TakeStripeEvent, hint_of
from billing.domain.money import UnknownCurrency
from billing.domain.usage import BadFact, Fact
from chassis import Blobs, Outcome, Router, Session, UnitOfWork
from chassis.errors import NeverRetry
from contracts.conversations.v1 import ReplyDrafted
from contracts.documents.v1 import DocumentAnalyzed, DocumentFiled
from contracts.envelope import Following
from contracts.leads.v1 import LeadCreated
from contracts.messages.v1 import MessageReceived, MessageSent
from contracts.tenants.v1 import TenantCreated
from contracts.webhooks.v1 import WebhookReceived

RoomOf = Callable[[Session], Room]


def usage_router(room_of: RoomOf, record: RecordUsage) -> Router:
    """What is used; each fact once, by the id of its event."""
    router = Router()

    @router.on(MessageReceived, grouped=True)
    async def on_message_received(event: MessageReceived, unit: UnitOfWork) -> Outcome:
        return await used(unit, lambda: facts_of_message_received(event, at=event.received_at))

    @router.on(MessageSent, grouped=True)
    async def on_message_sent(event: MessageSent, unit: UnitOfWork) -> Outcome:
        return await used(unit, lambda: facts_of_message_sent(event))

    @router.on(DocumentAnalyzed, grouped=True)
    async def on_document_analyzed(event: DocumentAnalyzed, unit: UnitOfWork) -> Outcome:
        return await used(unit, lambda: facts_of_document_analyzed(event, at=unit.envelope.time))

    @router.on(ReplyDrafted, grouped=True)
    async def on_reply_drafted(event: ReplyDrafted, unit: UnitOfWork) -> Outcome:
        return await used(unit, lambda: facts_of_reply_drafted(event, at=unit.envelope.time))

    @router.on(LeadCreated, grouped=True)
    async def on_lead_created(event: LeadCreated, unit: UnitOfWork) -> Outcome:
        return await belongs(unit, f"message/{event.message_id}", event.lead_id)

    @router.on(DocumentFiled, grouped=True)
    async def on_document_filed(event: DocumentFiled, unit: UnitOfWork) -> Outcome:
        return await belongs(unit, f"document/{event.document_id}", event.lead_id)

    async def used(unit: UnitOfWork, facts_of: Callable[[], Sequence[Fact]]) -> Outcome:
        async def write(session: Session, facts: Sequence[Fact]) -> list[Following]:
            return await record(room_of(session), unit.tenant_id, unit.envelope.id, facts)

        try:
            return await unit.write(write, facts_of())
        except (BadFact, UnknownCurrency) as error:
            raise NeverRetry(str(error)) from error

    async def belongs(unit: UnitOfWork, subject: str, lead_id: str) -> Outcome:
        async def write(session: Session) -> None:
            await room_of(session).ledger.attribute(unit.tenant_id, {subject: lead_id})

        return await unit.write(write)

    return router


def company_router(room_of: RoomOf, take_on: TakeOnCompany, review: ReviewLicence) -> Router:
    """Who is billed."""
    router = Router()

    @router.on(TenantCreated)
    async def on_tenant_created(event: TenantCreated, unit: UnitOfWork) -> Outcome:
        await take_on.enter(unit.tenant_id)

        async def write(session: Session) -> list[Following]:
            return await review(room_of(session), unit.tenant_id, None, event.name)

        return await unit.write(write)

    return router


def stripe_router(take: TakeStripeEvent, blobs: Blobs, hook: str) -> Router:
    """Stripe's events, of the one hook that the fleet's account posts to."""
    router = Router()

    @router.on(WebhookReceived)
    async def on_webhook_received(event: WebhookReceived, unit: UnitOfWork) -> None:
        if event.source == "stripe" and event.hook_id == hook:
            await taken(await body_of(event, unit.tenant_id))

    async def taken(body: bytes) -> None:
        try:
            await take(hint_of(body))
        except (BadEvent, NotConfigured) as error:
            raise NeverRetry(str(error)) from error

    async def body_of(event: WebhookReceived, tenant_id: str) -> bytes:
        if event.blob is not None:
            return await blobs.get(tenant_id, event.blob)
        return base64.b64decode(event.body or "")

    return router
