"""Settings of email-ingest."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

import chassis


class Settings(chassis.Settings):
    """What email-ingest needs besides every service's settings."""

    default_port: ClassVar[int] = 8006

    idle_seconds: float = Field(
        default=120.0,
        gt=0,
        le=540,
        validation_alias="EMAIL_INGEST_IDLE_SECONDS",
        description="How long to wait for the server's news before a folder is searched all the same; at most 9 minutes.",
    )
    tenants_seconds: float = Field(
        default=60.0,
        gt=0,
        validation_alias="EMAIL_INGEST_TENANTS_SECONDS",
        description="How often all tenants are asked for, besides when news of one comes.",
    )
