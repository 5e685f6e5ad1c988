"""How notification is put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import partial

from chassis import Service
from chassis.keyring import KeyRing
from chassis.message_ids import own_message_id
from notification.adapters.alerts import StoredIncidents
from notification.adapters.notices import StoredNotices, StoredWatches
from notification.adapters.queues import WatchQueue
from notification.adapters.secrets import SealedSecrets
from notification.adapters.smtp import SmtpAccount, SmtpMailer, tenants_accounts
from notification.adapters.staff import StoredStaff
from notification.adapters.store import OutgoingRecords
from notification.adapters.web_push import OwnKey, WebPush
from notification.application.carry_notice import CarryNotice
from notification.application.hear_alerts import HearAlerts
from notification.application.keep_staff import BY_SETTINGS, KeepStaff
from notification.application.keep_watch import KeepWatch
from notification.application.release_held import ReleaseHeld
from notification.application.send_email import DeliverEmail
from notification.application.tell_agent import Post, TellAgent
from notification.application.tell_staff import TellStaff
from notification.domain.incident import Rhythm
from notification.domain.letter import UnusableAddress, address
from notification.domain.staff import Member
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
    fleet = _fleet_post(settings)
    deliver = DeliverEmail(
        profiles=service.tenants, mailer=mailer, records=records, transactions=service.units, blobs=service.blobs,
        secrets=SealedSecrets(KeyRing.from_secret(settings.master_key)), mint=mint, fleet_paused=settings.paused,
    )  # fmt: skip
    tell = TellAgent(
        profiles=service.tenants, mailer=mailer, fleet=fleet, records=records,
        transactions=service.units, mint=mint,
    )  # fmt: skip
    release = ReleaseHeld(
        profiles=service.tenants, records=records, transactions=service.units, fleet_paused=settings.paused
    )
    service.hears(events.of_companies(deliver, tell, release))
    service.hears(timers.of_companies(tell))
    service.serves(http.of_companies(service.units, records))
    _tells_staff(service, settings, mint, fleet)
    service.runs("held-letters", timers.sweep(service.tenants.all, release, seconds=settings.held_seconds))
    service.notes(tell.notes)
    return service


def _tells_staff(
    service: Service, settings: Settings, mint: Callable[[str, str, str], str], post: Post | None
) -> None:
    """What the fleet's own people are told: of alerts, and that the Observer is silent."""
    ring = KeyRing.from_secret(settings.master_key)
    people, incidents, notices, watches = (
        StoredStaff(ring, _first_member(settings)), StoredIncidents(), StoredNotices(), StoredWatches(),
    )  # fmt: skip
    push = WebPush(
        OwnKey(service.units, ring, settings.vapid_private_key),
        subject=settings.vapid_subject
        or f"mailto:{parseaddr(settings.fleet_sender)[1] or 'postmaster@localhost'}",
        guard=Guard.allowing(settings.outward_allow),
    )
    rhythm = Rhythm(
        *(
            timedelta(seconds=seconds)
            for seconds in (
                settings.alert_window_seconds,
                settings.alert_update_seconds,
                settings.alert_reminder_seconds,
            )
        )
    )
    hear = HearAlerts(incidents=incidents, staff=people, rhythm=rhythm)
    tell = TellStaff(
        incidents=incidents,
        staff=people,
        notices=notices,
        hear=hear,
        rhythm=rhythm,
        observer_url=settings.observer_url,
    )
    carry = CarryNotice(
        staff=people, notices=notices, transactions=service.units, post=post, push=push, mint=mint,
        observer_url=settings.observer_url,
    )  # fmt: skip
    watch = KeepWatch(
        watches=watches,
        incidents=incidents,
        hear=hear,
        grace=timedelta(seconds=settings.watch_grace_seconds),
        confirm=timedelta(seconds=settings.watch_confirm_seconds),
    )
    keep = KeepStaff(staff=people, push=push, tell=tell, transactions=service.units)
    service.hears(events.of_the_fleet(hear, watch))
    service.hears(timers.of_the_fleet(tell, carry, watch, WatchQueue(service.broker, service.name)))
    service.runs("watch", timers.armed(service.units, watch, _seconds(settings.watch_expected_seconds)))
    service.serves(http.of_the_fleet(keep, push, service.units, notices))
    service.notes(hear.notes)
    service.notes(carry.notes)


def _seconds(number: float | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)


def _first_member(settings: Settings) -> Member | None:
    if settings.staff_email is None:
        return None
    try:
        address(settings.staff_email)
    except UnusableAddress as error:
        raise ValueError("NOTIFICATION_STAFF_EMAIL must be an address that mail can be sent to") from error
    return Member(
        BY_SETTINGS, settings.staff_email, settings.staff_language, settings.staff_time_zone,
        frozenset({"warning", "critical"}), since=datetime.min.replace(tzinfo=UTC),
    )  # fmt: skip


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
