"""Operators come in to the page: with their account at tenancy, or with the admin token when nothing else answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from observer.domain.operator import READ, WRITE, Operator

SESSION = timedelta(hours=8)
"""A working day: then an operator comes in again, whatever he did meanwhile."""


class SignInRefused(Exception):
    """Nobody came in; `retry_after` in seconds when tenancy wants a pause first."""

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("the e-mail address or the password is wrong")
        self.retry_after = retry_after


class NotOfTheFleet(Exception):
    """The account is good, and not one of those who run the fleet."""


class PeopleUnreachable(Exception):
    """Tenancy does not answer: the admin token alone lets in."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom tenancy let in, and what the person may."""

    user_id: str
    scopes: frozenset[str]
    session_id: str


class People(Protocol):
    """Who the fleet's own people are."""

    async def sign_in(self, email: str, password: str, address: str | None) -> Person:
        """Whom e-mail address and password belong to; `address` is the client's, for tenancy's lock.

        Raises `SignInRefused`, `PeopleUnreachable`.
        """
        ...

    async def ended(self, session_id: str) -> bool:
        """Whether that session was ended. While tenancy does not answer, what it said last holds."""
        ...


class SignInOperator:
    """Lets operators in and looks whether they still are."""

    def __init__(
        self, people: People, is_admin_token: Callable[[str], bool], now: Callable[[], datetime]
    ) -> None:
        self._people = people
        self._is_admin_token = is_admin_token
        self._now = now

    async def by_password(self, email: str, password: str, address: str | None) -> Operator:
        """Let somebody in by account. Raises `SignInRefused`, `NotOfTheFleet`, `PeopleUnreachable`."""
        person = await self._people.sign_in(email, password, address)
        if READ not in person.scopes:
            raise NotOfTheFleet("this account may not see how the fleet runs")
        scopes = person.scopes & {READ, WRITE}
        return Operator(f"user:{person.user_id}", email, scopes, person.session_id, self._now() + SESSION)

    def by_token(self, token: str) -> Operator:
        """Let somebody in by the admin token. Raises `SignInRefused`."""
        if not self._is_admin_token(token):
            raise SignInRefused
        return Operator("admin", "admin", frozenset({READ, WRITE}), None, self._now() + SESSION)

    async def still_in(self, operator: Operator) -> bool:
        """Whether what let the operator in still holds."""
        if self._now() >= operator.until:
            return False
        return operator.session_id is None or not await self._people.ended(operator.session_id)
