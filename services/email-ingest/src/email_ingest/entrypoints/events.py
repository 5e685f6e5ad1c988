"""What email-ingest hears."""

from __future__ import annotations

import asyncio
import base64
import binascii
from contextlib import nullcontext

from chassis import Blobs, Outcome, Router, Session, Tenants, UnitOfWork
from chassis.errors import NeverRetry
from contracts.envelope import Following
from contracts.messages.v1 import MessageSent
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured
from contracts.webhooks.v1 import WebhookReceived
from email_ingest.application.append_sent import AppendSent
from email_ingest.application.take_letter_in import Arrival, TakeLetterIn
from email_ingest.application.watch_tenants import WatchTenants

SOURCE = "mime"
LARGE_AT_A_TIME = 2
"""Letters that came as a blob may have 25 MiB, and several times that while they are taken apart; others are small."""


def router(
    take: TakeLetterIn, append: AppendSent, watches: WatchTenants, tenants: Tenants, blobs: Blobs
) -> Router:
    """Letters by webhook, copies of what was sent, and news of who has a mailbox."""
    router = Router()
    large = asyncio.Semaphore(LARGE_AT_A_TIME)

    @router.on(WebhookReceived, grouped=True, prefetch=16)
    async def on_webhook_received(event: WebhookReceived, unit: UnitOfWork) -> Outcome | None:
        if event.source != SOURCE:
            return None
        async with large if event.blob is not None else nullcontext():
            arrival = Arrival(await _body(event, unit.tenant_id, blobs), event.received_at, "webhook")
            taken = await take.prepare(unit.tenant_id, arrival)
            del arrival
        if taken is None:
            return None

        async def write(session: Session) -> list[Following]:
            return await take.keep(session, unit.tenant_id, taken)

        return await unit.write(write)

    @router.on(MessageSent, prefetch=8)
    async def on_message_sent(event: MessageSent, unit: UnitOfWork) -> Outcome | None:
        await append(event, unit)
        return None

    @router.on_every_replica(TenantConfigured)
    async def on_tenant_configured(event: TenantConfigured) -> None:
        tenants.forget(event.tenant_id)
        watches.look_again(event.tenant_id)

    @router.on_every_replica(CredentialsChanged)
    async def on_new_credentials(event: CredentialsChanged) -> None:
        tenants.forget(event.tenant_id)
        watches.look_again(event.tenant_id)

    return router


async def _body(event: WebhookReceived, tenant_id: str, blobs: Blobs) -> bytes:
    if event.blob is not None:
        return await blobs.get(tenant_id, event.blob)
    try:
        return base64.b64decode(event.body or "", validate=True)
    except binascii.Error as error:
        raise NeverRetry(f"the body of delivery {event.delivery_id} is no base64") from error
