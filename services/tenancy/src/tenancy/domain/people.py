"""Users, their invitations and sessions, and the API keys of programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tenancy.domain.permissions import Role


@dataclass(frozen=True, slots=True)
class MicrosoftAccount:
    """Who somebody is at Microsoft: directory and object, which never change; addresses do."""

    directory_id: str
    object_id: str


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in for one tenant. `email` is in the form of `email.account_of`."""

    user_id: str
    tenant_id: str
    email: str
    name: str
    role: Role
    state: Literal["active", "disabled"]
    created_at: datetime
    password_hash: str | None = None
    microsoft: MicrosoftAccount | None = None

    @property
    def active(self) -> bool:
        """Whether he may come in."""
        return self.state == "active"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to become a user. Only the hash of its link's secret is kept."""

    invitation_id: str
    tenant_id: str
    email: str
    name: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime
    secret_hash: str

    def open_at(self, now: datetime) -> bool:
        """Whether it can still be accepted."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A link by which a user sets a new password, once."""

    link_id: str
    tenant_id: str
    user_id: str
    expires_at: datetime
    secret_hash: str


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in and all refresh tokens that follow from it: the family that ends together."""

    session_id: str
    tenant_id: str
    user_id: str
    method: Literal["password", "microsoft"]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def open_at(self, now: datetime, idle: timedelta) -> bool:
        """Whether it can go on: not ended, not too old, not left alone for too long."""
        return self.ended_at is None and now < self.expires_at and now - self.last_used_at < idle


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key. Only the hash of its secret is kept."""

    key_id: str
    tenant_id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    requests_per_minute: int | None
    secret_hash: str
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether it lets in."""
        return self.revoked_at is None and now < self.expires_at
