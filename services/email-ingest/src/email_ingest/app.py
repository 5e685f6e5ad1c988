"""How email-ingest is put together."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis import Service
from chassis.message_ids import is_own_message_id
from email_ingest.adapters.imap.adapter import ImapMailboxes
from email_ingest.adapters.store import LetterStore
from email_ingest.application.append_sent import AppendSent
from email_ingest.application.import_history import ImportHistory
from email_ingest.application.take_letter_in import TakeLetterIn
from email_ingest.application.watch_mailbox import WatchMailbox
from email_ingest.application.watch_tenants import WatchTenants
from email_ingest.entrypoints import events, http
from email_ingest.settings import Settings
from vendorkit import Guard


def create_service(settings: Settings | None = None) -> Service:
    """Email-ingest, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("email-ingest", settings)
    letters, mailboxes = LetterStore(), ImapMailboxes(service.tenants, Guard.allowing(settings.outward_allow))

    def is_own(tenant_id: str, message_id: str) -> bool:
        return is_own_message_id(settings.master_key, tenant_id, message_id)

    take = TakeLetterIn(
        profiles=service.tenants, mailboxes=mailboxes, blobs=service.blobs, letters=letters, is_own=is_own
    )
    watch = WatchMailbox(
        mailboxes=mailboxes, letters=letters, transactions=service.units, take=take, clock=_now,
        renew_seconds=settings.idle_seconds,
    )  # fmt: skip
    watches = WatchTenants(
        tenants=service.tenants, mailboxes=mailboxes, watch=watch, again_seconds=settings.tenants_seconds
    )
    history = ImportHistory(
        mailboxes=mailboxes, letters=letters, transactions=service.units, take=take, clock=_now
    )
    append = AppendSent(mailboxes=mailboxes, blobs=service.blobs)
    service.hears(events.router(take, append, watches, service.tenants, service.blobs))
    service.serves(http.router(service.units, letters, service.blobs, history, watches))
    service.runs("mailboxes", watches.run)
    service.notes(watches.notes)
    service.when_reconnected(watches.look_again)
    return service


def _now() -> datetime:
    return datetime.now(UTC)
