"""Tenancy's tables; the queries stand beside: `records.py` for one tenant, `directory.py` for the fleet.

`tenants`, `tenant_versions`, `credentials` and `audit` are the tenants' own, behind row-level security. `directory`,
`hooks` and `data_keys` are the fleet's: they must be readable before a tenant is known, and hold no secret in clear.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Column, Computed, DateTime, Float, Integer, Table, Text, and_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.schema import SchemaItem
from sqlmodel import Field, SQLModel

_SCHEMA = {"schema": "tenancy"}
_JSON = dict[str, object]


def _key_version() -> Column[int | None]:
    """The version of the data key that a box names; the database reads it out of the box."""
    return Column(Integer, Computed("case when box like 'f2.%' then split_part(box, '.', 2)::integer end"))


class DirectoryRow(SQLModel, table=True):
    """That a tenant exists; its row is locked while the tenant is changed."""

    __tablename__ = "directory"  # pyright: ignore[reportAssignmentType] — SQLModel declares it as a callable
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text)
    hooks_version: int = 0
    suspended: bool = False
    suspended_by: str = Field(default="", sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class HookRow(SQLModel, table=True):
    """A hook; `box` holds its secrets."""

    __tablename__ = "hooks"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    hook_id: str = Field(sa_type=Text, primary_key=True)
    tenant_id: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    verifier: str = Field(sa_type=Text)
    enabled: bool
    version: int
    box: str = Field(sa_type=Text)
    key_version: int | None = Field(sa_column=_key_version())
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class TenantRow(SQLModel, table=True):
    """A tenant's profile; the columns are the fields of `domain.tenant.Tenant`."""

    __tablename__ = "tenants"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    version: int
    name: str = Field(sa_type=Text)
    mailbox: str = Field(sa_type=Text)
    display_name: str = Field(sa_type=Text)
    agent_email: str = Field(sa_type=Text)
    texts: dict[str, dict[str, str]] = Field(sa_type=JSONB)
    time_zone: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    autonomy: str = Field(sa_type=Text)
    rules: list[_JSON] = Field(sa_type=JSONB)
    hours: _JSON | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    paused: bool
    suspended: bool
    suspended_because: str = Field(sa_type=Text)
    suspended_by: str = Field(sa_type=Text)
    licence: _JSON | None = Field(sa_column=Column(JSONB(none_as_null=True)))
    burst_window_seconds: float = Field(sa_type=Float)
    replies_per_contact_per_day: int
    replies_per_hour: int
    crm: str = Field(sa_type=Text)
    file_store: str = Field(sa_type=Text)
    folder_template: str = Field(sa_type=Text)
    filename_template: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class TenantVersionRow(SQLModel, table=True):
    """A tenant's profile as it was from one version to the next."""

    __tablename__ = "tenant_versions"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    version: int = Field(primary_key=True)
    document: _JSON = Field(sa_type=JSONB)
    actor: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class CredentialRow(SQLModel, table=True):
    """A sealed credential; without a box it was taken away and only its version is kept."""

    __tablename__ = "credentials"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text, primary_key=True)
    version: int
    box: str | None = Field(sa_type=Text, nullable=True)
    key_version: int | None = Field(sa_column=_key_version())
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class DataKeyRow(SQLModel, table=True):
    """A tenant's data key, wrapped by the key ring; without it once it was destroyed."""

    __tablename__ = "data_keys"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    version: int = Field(primary_key=True)
    wrapped: str | None = Field(sa_type=Text, nullable=True)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    destroyed_at: datetime | None = Field(sa_type=DateTime(timezone=True), nullable=True)  # pyright: ignore[reportArgumentType]


class AuditEntryRow(SQLModel, table=True):
    """Who changed what, and when."""

    __tablename__ = "audit"  # pyright: ignore[reportAssignmentType]
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    id: str = Field(sa_type=Text, primary_key=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    actor: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    details: _JSON = Field(sa_type=JSONB)


DIRECTORY, HOOKS, TENANTS, VERSIONS, CREDENTIALS, DATA_KEYS, AUDIT = (
    cast(Table, row.__table__)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType] — set by SQLModel
    for row in (DirectoryRow, HookRow, TenantRow, TenantVersionRow, CredentialRow, DataKeyRow, AuditEntryRow)
)

UNLICENSED = and_(DIRECTORY.c.suspended, DIRECTORY.c.suspended_by == "licence")
"""Whom only his licence stops."""

_MOMENT = DateTime(timezone=True)


def _table(name: str, *columns: SchemaItem) -> Table:
    return Table(name, SQLModel.metadata, *columns, schema="tenancy")


USERS = _table(
    "users", Column("tenant_id", Text, primary_key=True), Column("user_id", Text, primary_key=True),
    Column("email", Text), Column("name", Text), Column("role", Text), Column("state", Text),
    Column("password_hash", Text), Column("microsoft_directory", Text), Column("microsoft_object", Text),
    Column("created_at", _MOMENT),
)  # fmt: skip
"""Those who may log in for a tenant, or for the fleet itself."""

INVITATIONS = _table(
    "invitations", Column("tenant_id", Text, primary_key=True), Column("invitation_id", Text, primary_key=True),
    Column("email", Text), Column("name", Text), Column("role", Text), Column("invited_by", Text),
    Column("created_at", _MOMENT), Column("expires_at", _MOMENT), Column("secret_hash", Text),
)  # fmt: skip

PASSWORD_LINKS = _table(
    "password_links", Column("tenant_id", Text, primary_key=True), Column("link_id", Text, primary_key=True),
    Column("user_id", Text), Column("expires_at", _MOMENT), Column("secret_hash", Text),
)  # fmt: skip

SESSIONS = _table(
    "sessions", Column("tenant_id", Text, primary_key=True), Column("session_id", Text, primary_key=True),
    Column("user_id", Text), Column("method", Text), Column("created_at", _MOMENT), Column("last_used_at", _MOMENT),
    Column("expires_at", _MOMENT), Column("ended_at", _MOMENT),
)  # fmt: skip

REFRESH_TOKENS = _table(
    "refresh_tokens", Column("tenant_id", Text, primary_key=True), Column("secret_hash", Text, primary_key=True),
    Column("session_id", Text), Column("used_at", _MOMENT),
)  # fmt: skip
"""All tokens of a session, the used ones too: by them a token that is shown twice is known."""

API_KEYS = _table(
    "api_keys", Column("tenant_id", Text, primary_key=True), Column("key_id", Text, primary_key=True),
    Column("name", Text), Column("scopes", ARRAY(Text)), Column("created_by", Text), Column("created_at", _MOMENT),
    Column("expires_at", _MOMENT), Column("requests_per_minute", Integer), Column("secret_hash", Text),
    Column("last_used_at", _MOMENT), Column("revoked_at", _MOMENT),
)  # fmt: skip

MICROSOFT_DIRECTORIES = _table(
    "microsoft_directories", Column("tenant_id", Text, primary_key=True), Column("directory_id", Text)
)

LOGINS = _table(
    "logins", Column("email", Text, primary_key=True), Column("tenant_id", Text), Column("user_id", Text)
)
"""Of the fleet: whose an address is, asked before a tenant is known."""

LOGIN_ATTEMPTS = _table(
    "login_attempts", Column("subject", Text, primary_key=True), Column("count", Integer), Column("last_at", _MOMENT),
    Column("locked_until", _MOMENT),
)  # fmt: skip
"""Of the fleet: an unknown address is slowed down like a known one."""

SIGNING_KEYS = _table(
    "signing_keys", Column("key_id", Text, primary_key=True), Column("created_at", _MOMENT), Column("public", JSONB),
    Column("box", Text),
)  # fmt: skip
"""Of the fleet: what access tokens are signed with; the private halves sealed."""

REVOCATIONS = _table("revocations", Column("revoked_id", Text, primary_key=True), Column("until", _MOMENT))
"""Of the fleet: sessions and API keys that ended while tokens of theirs may still be alive."""
