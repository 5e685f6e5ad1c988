"""Tenancy's settings, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

import chassis


class Settings(chassis.Settings):
    """The chassis's settings, and tenancy's own; the key ring in `FRONTDESK_MASTER_KEY` seals the secrets."""

    default_port: ClassVar[int] = 8001

    public_url: str = Field(
        default="http://127.0.0.1:8000",
        validation_alias="TENANCY_PUBLIC_URL",
        description="Where people reach Frontdesk; links in letters and Microsoft's redirect begin with it.",
    )
    token_minutes: int = Field(
        default=10, ge=1, le=60, validation_alias="TENANCY_TOKEN_MINUTES",
        description="How long an access token is good.",
    )  # fmt: skip
    session_days: int = Field(
        default=30, ge=1, le=365, validation_alias="TENANCY_SESSION_DAYS",
        description="How long a session lasts at most.",
    )  # fmt: skip
    session_idle_hours: int = Field(
        default=72, ge=1, validation_alias="TENANCY_SESSION_IDLE_HOURS",
        description="After how long without a refresh a session is over.",
    )  # fmt: skip
    invitation_days: int = Field(
        default=7, ge=1, le=60, validation_alias="TENANCY_INVITATION_DAYS",
        description="How long an invitation can be accepted.",
    )  # fmt: skip
    signing_key_days: int = Field(
        default=30, ge=1, validation_alias="TENANCY_SIGNING_KEY_DAYS",
        description="After how long access tokens are signed with a new key.",
    )  # fmt: skip
    argon2_passes: int = Field(
        default=3, ge=1, validation_alias="TENANCY_ARGON2_PASSES", description="Passes of a password's hash."
    )
    argon2_memory_kib: int = Field(
        default=65536, ge=8, validation_alias="TENANCY_ARGON2_MEMORY_KIB",
        description="Memory of a password's hash; a change is taken over as people log in.",
    )  # fmt: skip
    argon2_lanes: int = Field(
        default=2, ge=1, validation_alias="TENANCY_ARGON2_LANES", description="Threads of a password's hash."
    )
    microsoft_client_id: str = Field(
        default="", validation_alias="TENANCY_MICROSOFT_CLIENT_ID",
        description="Frontdesk's app at Microsoft Entra; without it nobody signs in with Microsoft.",
    )  # fmt: skip
    microsoft_client_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="TENANCY_MICROSOFT_CLIENT_SECRET", description="Its secret."
    )
    microsoft_authority_url: str = Field(
        default="https://login.microsoftonline.com",
        validation_alias="TENANCY_MICROSOFT_AUTHORITY_URL",
        description="Where Microsoft's sign-in answers.",
    )
