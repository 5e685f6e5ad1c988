"""Notification's settings, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

import chassis


class Settings(chassis.Settings):
    """The chassis's settings, and notification's own."""

    default_port: ClassVar[int] = 8005

    paused: bool = Field(
        default=False, validation_alias="NOTIFICATION_PAUSED", description="Nothing leaves, of any tenant."
    )
    smtp_seconds: float = Field(
        default=60.0,
        gt=0,
        le=110,
        validation_alias="NOTIFICATION_SMTP_SECONDS",
        description="The longest conversation with a mail server; shorter than an effect's lease of two minutes.",
    )
    smtp_connections: int = Field(
        default=4,
        ge=1,
        validation_alias="NOTIFICATION_SMTP_CONNECTIONS",
        description="Conversations at a time with one tenant's server.",
    )
    held_seconds: float = Field(
        default=15.0,
        gt=0,
        validation_alias="NOTIFICATION_HELD_SECONDS",
        description="How often held letters are looked at.",
    )
    fleet_host: str | None = Field(
        default=None,
        validation_alias="NOTIFICATION_FLEET_SMTP_HOST",
        description="The fleet's own mail server, for notices that a tenant's server cannot carry.",
    )
    fleet_port: int = Field(default=587, validation_alias="NOTIFICATION_FLEET_SMTP_PORT")
    fleet_username: str = Field(default="", validation_alias="NOTIFICATION_FLEET_SMTP_USERNAME")
    fleet_password: SecretStr = Field(
        default=SecretStr(""), validation_alias="NOTIFICATION_FLEET_SMTP_PASSWORD"
    )
    fleet_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", validation_alias="NOTIFICATION_FLEET_SMTP_SECURITY"
    )
    fleet_sender: str = Field(
        default="",
        validation_alias="NOTIFICATION_FLEET_SMTP_SENDER",
        description="Who the notices come from: an address, or a name and an address in angle brackets.",
    )
    fleet_ca_file: Path | None = Field(
        default=None,
        validation_alias="NOTIFICATION_FLEET_SMTP_CA_FILE",
        description="The authority of the server's certificate, when it is a private one.",
    )
