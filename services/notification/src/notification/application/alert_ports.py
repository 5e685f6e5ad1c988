"""What telling the fleet's staff needs of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from contracts.operations.v1 import FLEET
from notification.application.ports import Session
from notification.domain.alerts import Alert, Recovery
from notification.domain.incident import Awareness
from notification.domain.staff import Member

__all__ = ["FLEET"]

DeliveryState = Literal["waiting", "handing_over", "sent", "uncertain", "failed", "gone"]


class SubscriptionGone(Exception):
    """The push service knows the subscription no more: it is forgotten."""


class PushTooLarge(Exception):
    """The push service does not take that much."""


class PushRefused(Exception):
    """The push service refused the message for good."""


class SubscriptionUnusable(ValueError):
    """What was given is no subscription that messages can be sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser that shows push messages; who knows the endpoint and the keys can write to it, so they lie sealed."""

    subscription_id: str
    staff_id: str
    device: str
    created_at: datetime
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushMessage:
    """What goes to a browser: JSON of at most 2 KiB; a newer message of a topic takes the older one's place."""

    payload: bytes
    topic: str
    urgent: bool
    seconds_to_live: int


@dataclass(frozen=True, slots=True)
class StaffNotice:
    """What a member of staff is told: a mail's subject and text, a push message's headline and line.

    Notices of one `thread` (an incident) stand under each other; `number` counts them from 0 for this member.
    """

    notice_id: str
    thread: str
    staff_id: str
    number: int
    kind: str
    critical: bool
    subject: str
    text: str
    headline: str
    line: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notice on one way: `mail`, or `push:` and a subscription."""

    notice_id: str
    way: str
    state: DeliveryState
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A member's knowledge of an incident; `subject` is the one that his letters of it have."""

    aware: Awareness
    subject: str


class Staff(Protocol):
    """Who is told, and by which browsers."""

    async def members(self, session: Session) -> list[Member]: ...
    async def member(self, session: Session, staff_id: str) -> Member | None: ...
    async def keep(self, session: Session, member: Member) -> bool:
        """Keep a member, new or changed; False when another one has this address."""
        ...

    async def remove(self, session: Session, staff_id: str) -> bool:
        """Forget a member and his subscriptions."""
        ...

    async def subscribe(self, session: Session, subscription: Subscription) -> str:
        """Keep a subscription; returns its id, that of before when the browser was known."""
        ...

    async def subscription(self, session: Session, subscription_id: str) -> Subscription | None: ...
    async def subscriptions(self, session: Session, staff_id: str) -> list[Subscription]: ...
    async def unsubscribe(self, session: Session, subscription_id: str) -> bool: ...


class Incidents(Protocol):
    """Alerts, the incidents that they belong to, and who knows what of them."""

    async def lock(self, session: Session, group: str) -> None:
        """Let nobody else change this group until the transaction ends."""
        ...

    async def add(self, session: Session, alert: Alert) -> str:
        """Keep a breach, in the group's open incident or in a new one; returns the incident's id."""
        ...

    async def recover(
        self, session: Session, group: str, recovery: Recovery, said_at: datetime
    ) -> str | None:
        """Note that what was said of the group before is over; returns the open incident, if there is one."""
        ...

    async def group_of(self, session: Session, incident_id: str) -> str | None:
        """The group of an incident that is open."""
        ...

    async def alerts(self, session: Session, incident_id: str) -> list[Alert]: ...
    async def known(self, session: Session, incident_id: str) -> dict[str, Known]: ...
    async def learn(self, session: Session, incident_id: str, staff_id: str, known: Known) -> None: ...
    async def close(self, session: Session, incident_id: str) -> None:
        """End an incident; what ended 90 days ago is forgotten."""
        ...

    async def lasting(self, session: Session, threshold: str) -> Alert | None:
        """An alert of that threshold that is not over."""
        ...


class Notices(Protocol):
    """What was told, and what became of it."""

    async def add(self, session: Session, notice: StaffNotice, ways: Sequence[str]) -> None: ...
    async def notice(self, session: Session, notice_id: str) -> StaffNotice | None: ...
    async def settle(self, session: Session, delivery: Delivery) -> None: ...
    async def state(self, session: Session, notice_id: str, way: str) -> DeliveryState | None: ...
    async def newest(self, session: Session, limit: int) -> list[tuple[StaffNotice, list[Delivery]]]: ...
    async def deliveries(self, session: Session, notice_id: str) -> list[Delivery]: ...
    async def uncertain(self, session: Session, thread: str, staff_id: str) -> bool:
        """Whether a letter of the thread may or may not have reached the member."""
        ...


class Watches(Protocol):
    """When each Observer was heard last."""

    async def lock(self, session: Session) -> None: ...
    async def keep(
        self, session: Session, observer_id: str, kept_at: datetime, heard_at: datetime, lapses_at: datetime
    ) -> bool:
        """Note a sign of life; False when a newer one was known."""
        ...

    async def forget(self, session: Session, observer_id: str) -> None: ...
    async def last(self, session: Session) -> tuple[datetime, datetime] | None:
        """When the last sign was given, and when the last of the watches lapses."""
        ...


class Queue(Protocol):
    """What waits to be heard."""

    async def waiting(self) -> int:
        """How many signs of life wait in the queue."""
        ...


class PushService(Protocol):
    """The services behind the browsers."""

    async def public_key(self) -> str:
        """What a page subscribes with: the key's point, base64url."""
        ...

    def check(self, endpoint: str, p256dh: str, auth: str) -> None:
        """Raises `SubscriptionUnusable`."""
        ...

    async def send(self, subscription: Subscription, message: PushMessage) -> None:
        """Raises `SubscriptionGone`, `PushTooLarge`, `PushRefused`; anything else is tried again."""
        ...
