"""Keep who is told of alerts, and by which browsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from contracts.envelope import new_id
from notification.application.alert_ports import FLEET, PushService, Staff, Subscription
from notification.application.ports import Transactions
from notification.application.tell_staff import TellStaff
from notification.domain.letter import address
from notification.domain.staff import Member

BY_SETTINGS = "settings"
"""The id of the member whom the settings name."""


class NoSuchMember(Exception):
    """There is no such member of staff."""


class AddressTaken(Exception):
    """Another member of staff has this address."""


class KeptBySettings(Exception):
    """The member is named by the settings, and changes there."""


@dataclass(frozen=True, slots=True)
class PushKeys:
    """A subscription as a page has it from the browser."""

    endpoint: str
    p256dh: str
    auth: str
    device: str


class KeepStaff:
    """Add, change, remove, try out; register browsers."""

    def __init__(
        self, *, staff: Staff, push: PushService, tell: TellStaff, transactions: Transactions,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._staff = staff
        self._push = push
        self._tell = tell
        self._transactions = transactions
        self._now = now

    async def all(self) -> list[Member]:
        """Everybody who is told."""
        async with self._transactions.reading(FLEET) as session:
            return await self._staff.members(session)

    async def add(self, member: Member) -> Member:
        """Add a member, from now on. Raises `AddressTaken`, `UnusableAddress`."""
        member = replace(member, staff_id=new_id(), since=self._now())
        await self._keep(member)
        return member

    async def change(self, member: Member) -> Member:
        """Change a member. Raises `NoSuchMember`, `KeptBySettings`, `AddressTaken`, `UnusableAddress`."""
        before = await self._member(member.staff_id)
        member = replace(member, since=before.since)
        await self._keep(member)
        return member

    async def remove(self, staff_id: str) -> None:
        """Forget a member. Raises `NoSuchMember`, `KeptBySettings`."""
        await self._member(staff_id)
        async with self._transactions.begin(FLEET) as transaction:
            await self._staff.remove(transaction.session, staff_id)

    async def try_out(self, staff_id: str) -> str:
        """Send a trial by all of a member's ways; returns the notice's id. Raises `NoSuchMember`."""
        async with self._transactions.begin(FLEET) as transaction:
            member = await self._staff.member(transaction.session, staff_id)
            if member is None:
                raise NoSuchMember
            notice_id, following = await self._tell.trial(transaction.session, member)
            transaction.say(*following)
        return notice_id

    async def subscribe(self, staff_id: str, keys: PushKeys) -> str:
        """Register a browser; returns its id. Raises `NoSuchMember`, `SubscriptionUnusable`."""
        self._push.check(keys.endpoint, keys.p256dh, keys.auth)
        async with self._transactions.begin(FLEET) as transaction:
            if await self._staff.member(transaction.session, staff_id) is None:
                raise NoSuchMember
            made = Subscription(
                new_id(), staff_id, keys.device, self._now(), keys.endpoint, keys.p256dh, keys.auth
            )
            return await self._staff.subscribe(transaction.session, made)

    async def subscriptions(self, staff_id: str) -> list[Subscription]:
        """A member's browsers. Raises `NoSuchMember`."""
        async with self._transactions.reading(FLEET) as session:
            if await self._staff.member(session, staff_id) is None:
                raise NoSuchMember
            return await self._staff.subscriptions(session, staff_id)

    async def unsubscribe(self, staff_id: str, subscription_id: str) -> bool:
        """Forget a browser; False when the member has no such one."""
        async with self._transactions.begin(FLEET) as transaction:
            found = await self._staff.subscription(transaction.session, subscription_id)
            if found is None or found.staff_id != staff_id:
                return False
            return await self._staff.unsubscribe(transaction.session, subscription_id)

    async def _member(self, staff_id: str) -> Member:
        if staff_id == BY_SETTINGS:
            raise KeptBySettings
        async with self._transactions.reading(FLEET) as session:
            member = await self._staff.member(session, staff_id)
        if member is None:
            raise NoSuchMember
        return member

    async def _keep(self, member: Member) -> None:
        address(member.email)
        async with self._transactions.begin(FLEET) as transaction:
            if not await self._staff.keep(transaction.session, member):
                raise AddressTaken
