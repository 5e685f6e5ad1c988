"""An operator has alerts pushed to his browser, or no more; notification sends them and keeps whose browser it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from observer.domain.operator import Operator


class NotStaff(Exception):
    """The operator is none of those who are told of alerts."""


class StaffAway(Exception):
    """Notification does not answer."""


class BrowserRefused(Exception):
    """Notification does not take this browser; says why."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody who is told of alerts; `push` is whether by browsers too."""

    staff_id: str
    email: str
    push: bool


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser's subscription, as it gives it to a page, and what its owner calls it."""

    endpoint: str
    p256dh: str
    auth: str
    device: str


@dataclass(frozen=True, slots=True)
class PushState:
    """What a page needs: the key to subscribe with, whether this browser is registered, whether push is wanted at all."""

    email: str
    key: str
    on: bool
    wanted: bool


class StaffDesk(Protocol):
    """Whom notification tells, and by which browsers. All raise `StaffAway`."""

    async def members(self) -> Sequence[StaffMember]:
        """Everybody who is told."""
        ...

    async def key(self) -> str:
        """The key that browsers subscribe with, base64url."""
        ...

    async def browsers(self, staff_id: str) -> frozenset[str]:
        """The ids of a member's browsers."""
        ...

    async def subscribe(self, staff_id: str, browser: Browser) -> str:
        """Register a browser; its id, the same for a browser that is known. Raises `BrowserRefused`."""
        ...

    async def unsubscribe(self, staff_id: str, subscription_id: str) -> None:
        """Forget a member's browser; one that is not known is forgotten already."""
        ...


class PushToBrowser:
    """What the page does on behalf of who is signed in: for the operator himself, and for nobody else."""

    def __init__(self, desk: StaffDesk) -> None:
        self._desk = desk

    async def state(self, operator: Operator, subscription_id: str | None) -> PushState:
        """How it stands with the browser of that id. Raises `NotStaff`, `StaffAway`."""
        member = await self._member(operator)
        known = await self._desk.browsers(member.staff_id)
        return PushState(member.email, await self._desk.key(), subscription_id in known, member.push)

    async def switch_on(self, operator: Operator, browser: Browser) -> str:
        """Register a browser; its id. Raises `NotStaff`, `StaffAway`, `BrowserRefused`."""
        return await self._desk.subscribe((await self._member(operator)).staff_id, browser)

    async def switch_off(self, operator: Operator, subscription_id: str | None) -> None:
        """Forget a browser. Raises `NotStaff`, `StaffAway`."""
        member = await self._member(operator)
        if subscription_id is not None:
            await self._desk.unsubscribe(member.staff_id, subscription_id)

    async def _member(self, operator: Operator) -> StaffMember:
        """The account's member of staff: the same e-mail address, but for capitals. The admin token is nobody's."""
        if operator.session_id is not None:
            address = operator.name.strip().lower()
            for member in await self._desk.members():
                if member.email.lower() == address:
                    return member
        raise NotStaff
