"""How notification is put together."""

from __future__ import annotations

from email.utils import parseaddr
from functools import partial

from chassis import Service
from chassis.keyring import KeyRing
from chassis.message_ids import own_message_id
from notification.adapters.secrets import SealedSecrets
from notification.adapters.smtp import SmtpAccount, SmtpMailer, tenants_accounts
from notification.adapters.store import OutgoingRecords
from notification.application.release_held import ReleaseHeld
from notification.application.send_email import DeliverEmail
from notification.application.tell_agent import Post, TellAgent
from notification.entrypoints import events, http, timers
from notification.settings import Settings
from vendorkit import ANYWHERE, Guard


def create_service(settings: Settings | None = None) -> Service:
    """Notification, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("notification", settings)
    records = OutgoingRecords()
    mint = partial(own_message_id, settings.master_key)
    mailer = SmtpMailer(
        tenants_accounts(service.tenants),
        seconds=settings.smtp_seconds,
        connections=settings.smtp_connections,
        guard=Guard.allowing(settings.outward_allow),
    )
    deliver = DeliverEmail(
        profiles=service.tenants, mailer=mailer, records=records, transactions=service.units, blobs=service.blobs,
        secrets=SealedSecrets(KeyRing.from_secret(settings.master_key)), mint=mint, fleet_paused=settings.paused,
    )  # fmt: skip
    tell = TellAgent(
        profiles=service.tenants, mailer=mailer, fleet=_fleet_post(settings), records=records,
        transactions=service.units, mint=mint,
    )  # fmt: skip
    release = ReleaseHeld(
        profiles=service.tenants, records=records, transactions=service.units, fleet_paused=settings.paused
    )
    service.hears(events.router(deliver, tell, release))
    service.hears(timers.router(tell))
    service.serves(http.router(service.units, records))
    service.runs("held-letters", timers.sweep(service.tenants.all, release, seconds=settings.held_seconds))
    service.notes(tell.notes)
    return service


def _fleet_post(settings: Settings) -> Post | None:
    if settings.fleet_host is None:
        return None
    name, mailbox = parseaddr(settings.fleet_sender)
    if not mailbox:
        raise ValueError(
            "NOTIFICATION_FLEET_SMTP_HOST is set, so NOTIFICATION_FLEET_SMTP_SENDER must be an address"
        )
    account = SmtpAccount(
        host=settings.fleet_host,
        port=settings.fleet_port,
        security=settings.fleet_security,
        username=settings.fleet_username,
        password=settings.fleet_password,
        ca_pem=settings.fleet_ca_file.read_text() if settings.fleet_ca_file is not None else None,
    )

    async def fleet_account(_: str) -> SmtpAccount:
        return account

    # The operator's own server, which no tenant names: it may stand anywhere.
    mailer = SmtpMailer(
        fleet_account,
        seconds=settings.smtp_seconds,
        connections=settings.smtp_connections,
        guard=ANYWHERE,
    )
    return Post(mailer, name, mailbox)
