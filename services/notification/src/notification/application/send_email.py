"""Send an e-mail: in the tenant's name, through the tenant's server, at most once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from contracts.envelope import Following
from contracts.messages.v1 import (
    SECRET_PLACE,
    EmailPurpose,
    MessageFailed,
    MessageSent,
    MessageUncertain,
    SendEmail,
)
from contracts.tenants.http_v1 import TenantProfile
from contracts.values import BlobRef
from notification.application.ports import (
    Blobs,
    DeliveryUnknown,
    Mailer,
    Parcel,
    Profiles,
    Record,
    Records,
    Remembered,
    SecretLost,
    Secrets,
    Session,
    State,
    Transactions,
    Unit,
)
from notification.application.tell_agent import NoticeDue, about
from notification.domain import brake
from notification.domain.letter import Letter, UnusableAddress, address, domain_of

Mint = Callable[[str, str, str], str]
"""Makes a Message-ID from tenant, key and domain: always the same one."""


class _NoRoom(Exception):
    """The hour has no room for another automatic reply."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A letter that can go: its record so far, its profile, its bytes, and the copy that is kept."""

    record: Record
    profile: TenantProfile
    parcel: Parcel
    copy: bytes = field(repr=False)


def _key(email: SendEmail) -> str:
    """What may leave once: a letter of each purpose for a turn, but a notice for each mail that it answers."""
    key = f"{email.lead_id}:{email.turn}:{email.purpose}"
    if email.purpose != "notice" or email.in_reply_to is None:
        return key
    return f"{key}:{hashlib.sha256(email.in_reply_to.encode()).hexdigest()[:16]}"


class DeliverEmail:
    """Decide whether a letter may leave, write it, and hand it over once."""

    def __init__(
        self, *, profiles: Profiles, mailer: Mailer, records: Records, transactions: Transactions, blobs: Blobs,
        secrets: Secrets, mint: Mint, fleet_paused: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._profiles = profiles
        self._mailer = mailer
        self._records = records
        self._transactions = transactions
        self._blobs = blobs
        self._secrets = secrets
        self._mint = mint
        self._fleet_paused = fleet_paused
        self._now = now

    async def __call__(self, email: SendEmail, unit: Unit) -> Record:
        """Send it, unless a brake holds it; what the mailer raises is for the caller to judge."""
        profile = await self._profiles.profile(unit.tenant_id)
        record = self._record(email, unit.tenant_id, profile)
        hold = brake.held_by(
            tenant_paused=profile.paused,
            fleet_paused=self._fleet_paused,
            suspended=profile.suspended and not email.despite_suspension,
        )
        if hold is not None:
            return _held(record, email, unit, hold)
        try:
            ready = self._ready(email, record, profile, unit.tenant_id)
        except (UnusableAddress, SecretLost) as error:
            return replace(record, state="failed", reason=str(error))
        try:
            done = await unit.effect(
                record.key,
                look_up=lambda: self._look_up(unit.tenant_id, record),
                call=lambda: self._hand_over(unit.tenant_id, ready),
            )
        except _NoRoom:
            return _held(record, email, unit, "too_many")
        return _sent(record, done)

    async def keep(self, session: Session, record: Record) -> list[Following]:
        """Write what became of the letter, and say it."""
        await self._records.put(session, record)
        following: list[Following] = list(_news(record))
        notice = _notice(record)
        if notice is not None and await self._records.tell_once(session, notice.key):
            following.append(notice)
        return following

    async def settled(self, email: SendEmail, unit: Unit, state: State, reason: str) -> Record:
        """The record of a letter that was not sent, or of which nobody knows."""
        profile = await self._profiles.profile(unit.tenant_id)
        return replace(self._record(email, unit.tenant_id, profile), state=state, reason=reason)

    def _record(self, email: SendEmail, tenant_id: str, profile: TenantProfile) -> Record:
        key = _key(email)
        return Record(
            key=key,
            lead_id=email.lead_id,
            turn=email.turn,
            purpose=email.purpose,
            recipients=email.to,
            subject=email.subject,
            message_id=self._mint(tenant_id, key, domain_of(profile.mailbox)),
            counted=brake.counts(purpose=email.purpose, automatic=email.automatic),
            state="sending",
            at=self._now(),
        )

    def _ready(self, email: SendEmail, record: Record, profile: TenantProfile, tenant_id: str) -> _Ready:
        copy = Letter(
            display_name=profile.display_name,
            mailbox=profile.mailbox,
            to=email.to,
            subject=email.subject,
            text=email.text,
            message_id=record.message_id,
            date=record.at.astimezone(ZoneInfo(profile.time_zone)),
            auto_submitted=_auto_submitted(email),
            in_reply_to=email.in_reply_to,
            references=email.references,
        )
        letter = copy
        if email.secret is not None:
            # A link that lets in goes to its owner alone: the copy that is kept does without.
            secret = self._secrets.open(tenant_id, email.lead_id, email.secret)
            letter = replace(copy, text=email.text.replace(SECRET_PLACE, secret))
        recipients = tuple(dict.fromkeys(address(to) for to in email.to))
        mailbox = address(profile.mailbox)
        parcel = Parcel(mailbox, recipients, letter.as_bytes(), domain_of(profile.mailbox))
        return _Ready(record, profile, parcel, parcel.raw if letter is copy else copy.as_bytes())

    async def _look_up(self, tenant_id: str, record: Record) -> Remembered | None:
        """After a crash: a letter that was never handed over may go; else the server would have to be asked."""
        async with self._transactions.reading(tenant_id) as session:
            handed_over = await self._records.was_handed_over(session, record.key)
        return await self._mailer.ask_after(tenant_id, record.message_id) if handed_over else None

    async def _hand_over(self, tenant_id: str, ready: _Ready) -> Remembered:
        raw = await self._blobs.put(tenant_id, ready.copy, "message/rfc822")
        handed_over = False

        async def before_data() -> None:
            nonlocal handed_over
            async with self._transactions.begin(tenant_id) as transaction:
                handed_over = await self._records.hand_over(
                    transaction.session, ready.record, cap=ready.profile.replies_per_hour
                )
            if not handed_over:
                raise _NoRoom

        try:
            receipt = await self._mailer.send(tenant_id, ready.parcel, before_data)
        except DeliveryUnknown:
            raise
        except Exception:
            if handed_over:
                async with self._transactions.begin(tenant_id) as transaction:
                    await self._records.take_back(transaction.session, ready.record.key)
            raise
        return {
            "sent_at": receipt.accepted_at.isoformat(),
            "raw": raw.model_dump(mode="json"),
            "refused": list(receipt.refused),
        }


def _sent(record: Record, done: Remembered) -> Record:
    refused = cast("list[str]", done["refused"])
    return replace(
        record,
        state="sent",
        at=datetime.fromisoformat(str(done["sent_at"])),
        raw=BlobRef.model_validate(done["raw"]),
        refused=tuple(refused),
    )


def _held(record: Record, email: SendEmail, unit: Unit, hold: brake.Hold) -> Record:
    envelope = unit.envelope
    kept: dict[str, JsonValue] = {
        "email": email.model_dump(mode="json", exclude_none=True),
        "envelope": {
            "id": envelope.id, "type": envelope.type, "source": envelope.source, "subject": envelope.subject,
            "time": envelope.time.isoformat(), "tenant_id": envelope.tenant_id,
            "correlation_id": envelope.correlation_id, "traceparent": envelope.traceparent,
        },
        "hold": hold,
    }  # fmt: skip
    return replace(record, state="held", reason=brake.REASONS[hold], held=kept)


def _auto_submitted(email: SendEmail) -> str | None:
    """RFC 3834: an automatic answer says so, and mail to the agent that no person wrote too."""
    if not email.automatic:
        return None
    return "auto-replied" if email.purpose == "reply" else "auto-generated"


def _news(record: Record) -> list[Following]:
    purpose = cast("EmailPurpose", record.purpose)
    lead_id, turn, reason = record.lead_id, record.turn, record.reason or ""
    match record.state:
        case "sent":
            sent = MessageSent(
                lead_id=lead_id, turn=turn, purpose=purpose, channel="email", external_id=record.message_id,
                sent_at=record.at, raw=record.raw,
            )  # fmt: skip
            return [sent]
        case "uncertain":
            uncertain = MessageUncertain(
                lead_id=lead_id, turn=turn, purpose=purpose, channel="email", external_id=record.message_id,
                reason=reason,
            )  # fmt: skip
            return [uncertain]
        case "failed":
            return [
                MessageFailed(lead_id=lead_id, turn=turn, purpose=purpose, channel="email", reason=reason)
            ]
        case _:
            return []


def _notice(record: Record) -> NoticeDue | None:
    """What the agent must know, and by which key it is told once."""
    letter = about(record.subject, record.recipients)
    if record.state == "uncertain":
        return NoticeDue(
            lead_id=record.lead_id, kind="uncertain", key=f"uncertain:{record.key}", about=letter,
            detail=record.reason or "",
        )  # fmt: skip
    if record.state == "failed":
        return NoticeDue(
            lead_id=record.lead_id, kind="failed", key=f"failed:{record.key}", about=letter,
            detail=record.reason or "",
        )  # fmt: skip
    if record.refused:
        return NoticeDue(
            lead_id=record.lead_id, kind="refused_in_part", key=f"refused_in_part:{record.key}", about=letter,
            detail="\n".join(record.refused),
        )  # fmt: skip
    if record.state == "held" and record.held is not None and record.held["hold"] == "too_many":
        hour = record.at.astimezone(UTC).strftime("%Y-%m-%dT%H")
        return NoticeDue(
            lead_id=record.lead_id, kind="too_many", key=f"too_many:{hour}", about=letter, detail=""
        )
    return None
