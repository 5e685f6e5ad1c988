"""Tenants, version 1."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from contracts.envelope import Event


class TenantCreated(Event):
    """A company was taken on."""

    aggregate: ClassVar[str] = "tenant_id"

    tenant_id: str = Field(description="The tenant.")
    name: str = Field(description="The company's name.")


class TenantConfigured(Event):
    """A tenant's texts, rules, autonomy, hooks or pause changed: forget what you remember of it."""

    aggregate: ClassVar[str] = "tenant_id"

    tenant_id: str = Field(description="The tenant.")
    version: int = Field(ge=1, description="Rises with each change.")


class CredentialsChanged(Event):
    """A tenant's credential changed: what was parked for it goes on."""

    aggregate: ClassVar[str] = "tenant_id"

    tenant_id: str = Field(description="The tenant.")
    credential: str = Field(description="Its name, such as smtp; never its value.")


class LicenceChanged(Event):
    """What a company may changed: by a payment, a cancellation, or because time passed."""

    aggregate: ClassVar[str] = "tenant_id"

    tenant_id: str = Field(description="The tenant.")
    version: int = Field(ge=1, description="Rises with each change; an older one says nothing any more.")
    status: Literal["trialing", "active", "grace", "suspended", "ended"] = Field(
        description="What it is: in the last two the company may not work."
    )
    plan: str = Field(description="The plan's name.")
    features: tuple[str, ...] = Field(default=(), description="What the plan lets a company use.")
    limits: dict[str, int] = Field(default_factory=dict, description="How much of something, by its name.")
    valid_until: datetime | None = Field(
        default=None, description="When this ends by itself, UTC; absent when nothing is due."
    )
    reason: Literal["trial", "trial_over", "paid", "payment_failed", "cancelled", "paused"] = Field(
        description="Why."
    )
