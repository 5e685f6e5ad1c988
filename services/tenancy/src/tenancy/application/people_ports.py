"""What the use cases about people need from outside: records of a tenant, records of the fleet, hashing, signing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from contracts.envelope import Following
from tenancy.application.ports import AuditRow
from tenancy.domain.attempts import Attempts
from tenancy.domain.people import ApiKey, Invitation, MicrosoftAccount, PasswordLink, Session, User

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Login:
    """Whose an e-mail address is."""

    tenant_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Company:
    """What a letter to a user needs to know of his company."""

    name: str
    language: Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair for access tokens: the public half as a JWK, the private one in a sealed box."""

    key_id: str
    created_at: datetime
    public: Mapping[str, str]
    box: str


class Users(Protocol):
    """The users of one tenant."""

    async def lock(self) -> None:
        """Let nobody else change this tenant's people until the end."""
        ...

    async def all(self, after: str, limit: int) -> list[User]:
        """Users by id, a page."""
        ...

    async def user(self, user_id: str) -> User | None:
        """One user."""
        ...

    async def by_microsoft(self, account: MicrosoftAccount) -> User | None:
        """The user who is that at Microsoft."""
        ...

    async def keep(self, user: User) -> None:
        """Keep a user, new or changed."""
        ...

    async def remove(self, user_id: str) -> None:
        """Remove a user with sessions, links and log-in."""
        ...

    async def active_with(self, role: str) -> int:
        """How many active users have a role."""
        ...

    async def company(self) -> Company | None:
        """The company; None when there is none of that id."""
        ...

    async def microsoft_directory(self) -> str | None:
        """The company's directory at Microsoft."""
        ...

    async def keep_microsoft_directory(self, directory_id: str | None) -> None:
        """Set or take away the company's directory at Microsoft."""
        ...


class Invitations(Protocol):
    """Invitations and links for new passwords, of one tenant."""

    async def all(self) -> list[Invitation]:
        """All invitations, oldest first."""
        ...

    async def invitation(self, invitation_id: str) -> Invitation | None:
        """One invitation."""
        ...

    async def to(self, email: str) -> Invitation | None:
        """The invitation of an address."""
        ...

    async def keep(self, invitation: Invitation) -> None:
        """Keep an invitation; an older one of the same address is void."""
        ...

    async def remove(self, invitation_id: str) -> None:
        """Take an invitation back, or use it up."""
        ...

    async def remove_by(self, inviter: str) -> None:
        """Take back all that somebody offered."""
        ...

    async def keep_link(self, link: PasswordLink) -> None:
        """Keep a link for a new password; older ones of the user are void."""
        ...

    async def link(self, link_id: str) -> PasswordLink | None:
        """A link for a new password."""
        ...

    async def remove_links(self, user_id: str) -> None:
        """Make all links of a user void."""
        ...


class Sessions(Protocol):
    """The sessions of one tenant's users."""

    async def keep(self, session: Session) -> None:
        """Keep a session, new or changed."""
        ...

    async def locked(self, session_id: str) -> Session | None:
        """A session, which nobody else changes until the end."""
        ...

    async def of_user(self, user_id: str) -> list[Session]:
        """A user's sessions that were not ended, newest first."""
        ...

    async def add_token(self, session_id: str, secret_hash: str) -> None:
        """Note a refresh token."""
        ...

    async def use_token(
        self, session_id: str, secret_hash: str, now: datetime
    ) -> Literal["first", "again", "unknown"]:
        """Use a refresh token of a session up."""
        ...

    async def forget_old(self, before: datetime) -> int:
        """Remove sessions that ended or expired before; how many."""
        ...


class ApiKeys(Protocol):
    """The API keys of one tenant."""

    async def all(self) -> list[ApiKey]:
        """All keys that were not revoked, newest first."""
        ...

    async def key(self, key_id: str) -> ApiKey | None:
        """One key."""
        ...

    async def keep(self, key: ApiKey) -> None:
        """Keep a key, new or changed."""
        ...


class FleetRecords(Protocol):
    """What is known before a tenant is: of the whole fleet."""

    async def knows(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""
        ...

    async def tenants(self) -> list[str]:
        """The ids of all tenants."""
        ...

    async def login(self, email: str) -> Login | None:
        """Whose an address is."""
        ...

    async def keep_login(self, email: str, login: Login) -> bool:
        """Give an address to a user; False when it is somebody else's."""
        ...

    async def attempts(self, subject: str) -> Attempts | None:
        """Attempts at or of a subject; nobody else counts them until the end."""
        ...

    async def keep_attempts(self, subject: str, attempts: Attempts | None) -> None:
        """Keep them, or forget them."""
        ...

    async def revoke(self, revoked_id: str, until: datetime) -> None:
        """Let nobody in any more by a session or a key."""
        ...

    async def revoked(self, now: datetime) -> list[str]:
        """The ids that are to be let in no more."""
        ...

    async def suspended(self) -> list[str]:
        """Tenants that nobody may come in for."""
        ...

    async def unlicensed(self) -> list[str]:
        """Those of the suspended whom only their licence stops."""
        ...

    async def signing_keys(self) -> list[SigningKey]:
        """All keys that were not removed, newest first."""
        ...

    async def lock_signing_keys(self) -> None:
        """Let nobody else make a key until the end."""
        ...

    async def keep_signing_key(self, key: SigningKey) -> None:
        """Keep a key, new or sealed again."""
        ...

    async def remove_signing_key(self, key_id: str) -> None:
        """Remove a key: its tokens are good no more."""
        ...

    async def forget_old(self, now: datetime) -> None:
        """Remove attempts and revocations that mean nothing any more."""
        ...

    async def moment(self) -> int:
        """Milliseconds by the database's clock."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """All records of one tenant's people, in one transaction, and what is said and noted with it."""

    tenant_id: str
    users: Users
    invitations: Invitations
    sessions: Sessions
    api_keys: ApiKeys
    fleet: FleetRecords
    note: Note
    say: Say


class Note(Protocol):
    """Adds an audit row."""

    async def __call__(self, row: AuditRow) -> None: ...


class Say(Protocol):
    """Sends messages when the transaction is committed."""

    def __call__(self, *following: Following) -> None: ...


class Doors(Protocol):
    """Transactions: committed at the end, rolled back on an exception."""

    def room(self, tenant_id: str) -> AbstractAsyncContextManager[Room]:
        """One tenant's records."""
        ...

    def fleet(self) -> AbstractAsyncContextManager[FleetRecords]:
        """The fleet's records, and no tenant's."""
        ...
