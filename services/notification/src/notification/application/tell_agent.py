"""Tell the agent what happened to outgoing mail: by the tenant's own server, else by the fleet's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from contracts.envelope import Timer
from contracts.messages.v1 import SendEmail
from contracts.tenants.http_v1 import TenantProfile
from notification.application.ports import (
    AccountUnusable,
    LetterRefused,
    Mailer,
    Parcel,
    Profiles,
    Records,
    Remembered,
    Transactions,
    Unit,
)
from notification.domain.letter import Letter, address, domain_of
from notification.domain.notices import NoticeKind, notice


class NoticeDue(Timer):
    """The agent must be told something; `key` is told once."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str
    kind: NoticeKind
    key: str
    about: str
    detail: str


@dataclass(frozen=True, slots=True)
class Post:
    """A mail server, and who writes by it."""

    mailer: Mailer
    name: str
    mailbox: str


class TellAgent:
    """Send notices to the agent; those that no server takes are shown in /health."""

    def __init__(
        self, *, profiles: Profiles, mailer: Mailer, fleet: Post | None, records: Records,
        transactions: Transactions, mint: Callable[[str, str, str], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._profiles = profiles
        self._mailer = mailer
        self._fleet = fleet
        self._records = records
        self._transactions = transactions
        self._mint = mint
        self._now = now
        self.untold: dict[str, NoticeKind] = {}

    async def once(self, unit: Unit, email: SendEmail, kind: NoticeKind, key: str, detail: str) -> None:
        """Put a notice on its way, the first time that `key` comes up."""
        async with self._transactions.begin(unit.tenant_id, caused_by=unit.envelope) as transaction:
            if await self._records.tell_once(transaction.session, key):
                letter = about(email.subject, email.to)
                transaction.say(
                    NoticeDue(lead_id=email.lead_id, kind=kind, key=key, about=letter, detail=detail)
                )

    async def __call__(self, due: NoticeDue, unit: Unit) -> bool:
        """Send a notice; False when there is no server that takes it."""
        profile = await self._profiles.profile(unit.tenant_id)
        if due.kind not in ("smtp_login", "unreachable"):
            try:
                await self._send(due, unit, profile, self._own(profile), "own")
            except (AccountUnusable, LetterRefused):
                pass  # the fleet's server is next
            else:
                self.untold.pop(unit.tenant_id, None)
                return True
        if self._fleet is None:
            self.untold[unit.tenant_id] = due.kind
            return False
        await self._send(due, unit, profile, self._fleet, "fleet")
        self.untold.pop(unit.tenant_id, None)
        return True

    def notes(self) -> list[str]:
        """What /health says about notices that nobody carried."""
        return [
            f"the agent of tenant {tenant_id} could not be told ({kind}): set NOTIFICATION_FLEET_SMTP_HOST"
            for tenant_id, kind in sorted(self.untold.items())
        ]

    def _own(self, profile: TenantProfile) -> Post:
        return Post(self._mailer, profile.display_name, profile.mailbox)

    async def _send(self, due: NoticeDue, unit: Unit, profile: TenantProfile, post: Post, way: str) -> None:
        mailbox = post.mailbox
        message_id = self._mint(unit.tenant_id, f"notice:{due.key}:{way}", domain_of(mailbox))
        words = notice(due.kind, profile.language, company=profile.name, about=due.about, detail=due.detail)
        letter = Letter(
            display_name=post.name,
            mailbox=mailbox,
            to=(profile.agent_email,),
            subject=words.subject,
            text=words.text,
            message_id=message_id,
            date=self._now().astimezone(ZoneInfo(profile.time_zone)),
            auto_submitted="auto-generated",
        )
        parcel = Parcel(
            address(mailbox), (address(profile.agent_email),), letter.as_bytes(), domain_of(mailbox)
        )

        async def call() -> Remembered:
            receipt = await post.mailer.send(unit.tenant_id, parcel, _nothing)
            return {"sent_at": receipt.accepted_at.isoformat()}

        await unit.effect(
            f"notice:{due.key}:{way}",
            look_up=lambda: post.mailer.ask_after(unit.tenant_id, message_id),
            call=call,
        )


def about(subject: str, recipients: tuple[str, ...]) -> str:
    """The letter that a notice concerns: its subject and recipients."""
    return f"„{subject}“ → {', '.join(recipients)}" if subject else f"→ {', '.join(recipients)}"


async def _nothing() -> None:
    return None
