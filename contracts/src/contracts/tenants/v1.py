"""Tenants, version 1."""

from __future__ import annotations

from typing import ClassVar

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
