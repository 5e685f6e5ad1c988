"""The tables of the copy, of the leads' ties and of the built-in CRM; queries stand in the modules beside this one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, DateTime, Integer, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

_SCHEMA: dict[str, str] = {"schema": "crm_sync"}


class CustomerRow(SQLModel, table=True):
    """A customer, or a contact of one, as the CRM had it when it was last seen."""

    __tablename__: ClassVar[str] = "customers"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)
    number: str | None = None
    name: str
    kind: str
    is_customer: bool
    parent_id: str | None = None
    emails: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    phones: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    version: str
    modified_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class CustomerKeyRow(SQLModel, table=True):
    """By what a customer is found: an e-mail address, a phone number, the beginning of a word."""

    __tablename__: ClassVar[str] = "customer_keys"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)


class CursorRow(SQLModel, table=True):
    """How far a CRM's changes were followed, and who is at it."""

    __tablename__: ClassVar[str] = "cursors"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    modified_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    leased_until: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options
    due_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class LinkRow(SQLModel, table=True):
    """A lead's customer."""

    __tablename__: ClassVar[str] = "links"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    vendor: str
    customer_id: str
    contact_id: str | None = None
    linked_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class WaitingActivityRow(SQLModel, table=True):
    """Something that happened with a lead before its customer was known."""

    __tablename__: ClassVar[str] = "waiting_activities"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    lead_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    activity: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    since: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class BuiltinCustomerRow(SQLModel, table=True):
    """A customer of a company that has no CRM of its own."""

    __tablename__: ClassVar[str] = "builtin_customers"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    customer_id: str = Field(primary_key=True)
    number: int = Field(sa_type=Integer)
    reference: str
    name: str
    kind: str
    parent_id: str | None = None
    emails: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    phones: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    version: int
    modified_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class BuiltinTaskRow(SQLModel, table=True):
    """A task for staff in the built-in CRM."""

    __tablename__: ClassVar[str] = "builtin_tasks"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    reference: str
    customer_id: str
    subject: str
    text: str
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


class BuiltinEntryRow(SQLModel, table=True):
    """A log entry in the built-in CRM."""

    __tablename__: ClassVar[str] = "builtin_entries"  # pyright: ignore[reportIncompatibleVariableOverride] — SQLModel's own way
    __table_args__: ClassVar[dict[str, str]] = _SCHEMA

    tenant_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    reference: str
    customer_id: str
    subject: str
    text: str
    at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType] — a type with its options


def bound_tenant() -> Any:
    """The tenant that the transaction is bound to, so that a row can be no other's."""
    return func.current_setting("app.tenant_id")
