"""Tenancy's tables; the queries stand beside: `records.py` for one tenant, `directory.py` for the fleet.

`tenants`, `tenant_versions`, `credentials` and `audit` are the tenants' own, behind row-level security. `directory`,
`hooks` and `data_keys` are the fleet's: they must be readable before a tenant is known, and hold no secret in clear.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import DateTime, Float, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

_SCHEMA = {"schema": "tenancy"}
_JSON = dict[str, object]


class DirectoryRow(SQLModel, table=True):
    """That a tenant exists; its row is locked while the tenant is changed."""

    __tablename__ = "directory"  # pyright: ignore[reportAssignmentType] — SQLModel declares it as a callable
    __table_args__ = _SCHEMA

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    name: str = Field(sa_type=Text)
    hooks_version: int = 0
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
    paused: bool
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
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


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


DIRECTORY, HOOKS, TENANTS, VERSIONS, CREDENTIALS, AUDIT = (
    cast(Table, row.__table__)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownArgumentType] — set by SQLModel
    for row in (DirectoryRow, HookRow, TenantRow, TenantVersionRow, CredentialRow, AuditEntryRow)
)
