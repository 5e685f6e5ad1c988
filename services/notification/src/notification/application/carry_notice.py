"""Carry a notice to a member of staff: by the fleet's own mail server, and to his browsers."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notification.application.alert_ports import (
    FLEET,
    Delivery,
    DeliveryState,
    Notices,
    PushMessage,
    PushRefused,
    PushService,
    PushTooLarge,
    Staff,
    StaffNotice,
    Subscription,
    SubscriptionGone,
)
from notification.application.ports import (
    DeliveryUnknown,
    LetterRefused,
    Parcel,
    Remembered,
    Session,
    Transactions,
    Unit,
)
from notification.application.tell_agent import Post
from notification.application.tell_staff import MAIL, PUSH, StaffMailDue, StaffPushDue
from notification.domain.letter import Letter, UnusableAddress, address, domain_of
from notification.domain.staff import Member

PUSH_LIFE = timedelta(hours=4)
"""After this a push message says nothing new: neither the service nor we try it any longer."""
_LONGEST_LINE = 600
_OPEN: tuple[DeliveryState, ...] = ("waiting", "handing_over")


@dataclass(frozen=True, slots=True)
class _Letter:
    key: str
    message_id: str
    parcel: Parcel


class CarryNotice:
    """Each notice goes once on each of its ways; what did not arrive is kept, and shown in /health."""

    def __init__(
        self, *, staff: Staff, notices: Notices, transactions: Transactions, post: Post | None, push: PushService,
        mint: Callable[[str, str, str], str], observer_url: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._staff = staff
        self._notices = notices
        self._transactions = transactions
        self._post = post
        self._push = push
        self._mint = mint
        self._observer_url = observer_url
        self._now = now
        self.trouble: dict[str, str] = {}
        """What did not reach somebody, by his id and the kind of way."""

    async def mail(self, due: StaffMailDue, unit: Unit) -> Delivery | None:
        """Send a notice by mail; None when it went before. What the mailer raises beyond a refusal is the caller's."""
        found = await self._found(due.notice_id, MAIL)
        if found is None:
            return None
        notice, member = found
        if member is None:
            return self.settled(due.notice_id, MAIL, "gone", "the member of staff was removed")
        if self._post is None:
            return self._lost(notice, MAIL, "there is no mail server: set NOTIFICATION_FLEET_SMTP_HOST")
        try:
            letter = self._letter(notice, member, self._post)
            await unit.effect(
                letter.key,
                look_up=lambda: self._look_up(notice, letter),
                call=lambda: self._hand_over(notice, letter),
            )
        except (LetterRefused, UnusableAddress) as error:
            return self._lost(notice, MAIL, str(error))
        return self._arrived(notice, MAIL)

    async def push(self, due: StaffPushDue, unit: Unit) -> Delivery | None:
        """Send a notice to a browser; None when it went before."""
        way = f"{PUSH}{due.subscription_id}"
        found = await self._found(due.notice_id, way)
        if found is None:
            return None
        notice, _ = found
        async with self._transactions.reading(FLEET) as session:
            browser = await self._staff.subscription(session, due.subscription_id)
        if browser is None:
            return self.settled(due.notice_id, way, "gone", "the subscription was removed")
        if self._now() > notice.created_at + PUSH_LIFE:
            return self._lost(notice, way, "the push service took it for too long not, or was not reached")

        async def call() -> Remembered:
            await self._shown(browser, notice)
            return {}

        try:
            # Sent again after a crash it takes its own place, by its topic: nobody need look.
            await unit.effect(f"staff:{notice.notice_id}:{way}", look_up=_not_known, call=call)
        except SubscriptionGone as error:
            return self.settled(due.notice_id, way, "gone", str(error))
        except (PushRefused, PushTooLarge) as error:
            return self._lost(notice, way, str(error))
        return self._arrived(notice, way)

    async def keep(self, session: Session, delivery: Delivery) -> None:
        """Write what became of a notice; a subscription that is gone is forgotten."""
        if delivery.state == "gone" and delivery.way.startswith(PUSH):
            await self._staff.unsubscribe(session, delivery.way.removeprefix(PUSH))
        await self._notices.settle(session, delivery)

    async def uncertain(self, due: StaffMailDue, reason: str) -> Delivery:
        """Nobody knows whether the letter left: it is kept and shown, and said in the next letter of the thread."""
        async with self._transactions.reading(FLEET) as session:
            notice = await self._notices.notice(session, due.notice_id)
        if notice is not None:
            self.trouble[f"{notice.staff_id} mail"] = reason
        return self.settled(due.notice_id, MAIL, "uncertain", reason)

    def settled(self, notice_id: str, way: str, state: DeliveryState, reason: str | None = None) -> Delivery:
        """What became of a notice."""
        return Delivery(notice_id, way, state, self._now(), reason)

    def notes(self) -> list[str]:
        """What /health says about notices that did not arrive."""
        return [f"staff could not be told ({who}): {reason}" for who, reason in sorted(self.trouble.items())]

    async def _found(self, notice_id: str, way: str) -> tuple[StaffNotice, Member | None] | None:
        async with self._transactions.reading(FLEET) as session:
            notice = await self._notices.notice(session, notice_id)
            if notice is None or await self._notices.state(session, notice_id, way) not in _OPEN:
                return None
            return notice, await self._staff.member(session, notice.staff_id)

    def _letter(self, notice: StaffNotice, member: Member, post: Post) -> _Letter:
        domain = domain_of(post.mailbox)
        ids = [
            self._mint(FLEET, f"staff:{notice.thread}:{notice.staff_id}:{number}", domain)
            for number in range(notice.number + 1)
        ]
        letter = Letter(
            display_name=post.name, mailbox=post.mailbox, to=(member.email,), subject=notice.subject, text=notice.text,
            message_id=ids[-1], date=notice.created_at.astimezone(ZoneInfo(member.time_zone)),
            auto_submitted="auto-generated", in_reply_to=ids[-2] if len(ids) > 1 else None, references=tuple(ids[:-1]),
        )  # fmt: skip
        parcel = Parcel(address(post.mailbox), (address(member.email),), letter.as_bytes(), domain)
        return _Letter(f"staff:{notice.notice_id}:{MAIL}", ids[-1], parcel)

    async def _hand_over(self, notice: StaffNotice, letter: _Letter) -> Remembered:
        assert self._post is not None

        async def before_data() -> None:
            await self._noted(notice, "handing_over")

        try:
            receipt = await self._post.mailer.send(FLEET, letter.parcel, before_data)
        except DeliveryUnknown:
            raise
        except Exception:
            await self._noted(notice, "waiting")
            raise
        return {"sent_at": receipt.accepted_at.isoformat()}

    async def _look_up(self, notice: StaffNotice, letter: _Letter) -> Remembered | None:
        """After a crash: what was never handed over may go; else the server would have to be asked."""
        assert self._post is not None
        async with self._transactions.reading(FLEET) as session:
            state = await self._notices.state(session, notice.notice_id, MAIL)
        if state != "handing_over":
            return None
        return await self._post.mailer.ask_after(FLEET, letter.message_id)

    async def _noted(self, notice: StaffNotice, state: DeliveryState) -> None:
        async with self._transactions.begin(FLEET) as transaction:
            await self._notices.settle(transaction.session, self.settled(notice.notice_id, MAIL, state))

    async def _shown(self, browser: Subscription, notice: StaffNotice) -> None:
        topic = _topic(notice.thread)
        for line in (notice.line[:_LONGEST_LINE], ""):
            content = {"title": notice.headline, "body": line, "tag": topic, "kind": notice.kind}
            if self._observer_url is not None:
                content["url"] = self._observer_url
            message = PushMessage(
                json.dumps(content, ensure_ascii=False).encode(), topic, notice.critical,
                int(PUSH_LIFE.total_seconds()),
            )  # fmt: skip
            try:
                return await self._push.send(browser, message)
            except PushTooLarge:
                if not line:
                    raise
        return None

    def _arrived(self, notice: StaffNotice, way: str) -> Delivery:
        self.trouble.pop(f"{notice.staff_id} {way.partition(':')[0]}", None)
        return self.settled(notice.notice_id, way, "sent")

    def _lost(self, notice: StaffNotice, way: str, reason: str) -> Delivery:
        self.trouble[f"{notice.staff_id} {way.partition(':')[0]}"] = reason
        return self.settled(notice.notice_id, way, "failed", reason)


def _topic(thread: str) -> str:
    """A topic of the thread: 32 characters of base64url (RFC 8030, 5.4), and no word about what it is."""
    return urlsafe_b64encode(hashlib.sha256(thread.encode()).digest()[:24]).decode()


async def _not_known() -> None:
    return None
