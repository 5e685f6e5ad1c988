"""Notification's settings, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import available_timezones

from pydantic import Field, SecretStr, field_validator

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
    staff_email: str | None = Field(
        default=None,
        validation_alias="NOTIFICATION_STAFF_EMAIL",
        description="Somebody who is told of alerts; others are added by `frontdesk staff add`.",
    )
    staff_language: Literal["de", "en"] = Field(default="de", validation_alias="NOTIFICATION_STAFF_LANGUAGE")
    staff_time_zone: str = Field(default="Europe/Berlin", validation_alias="NOTIFICATION_STAFF_TIME_ZONE")
    observer_url: str | None = Field(
        default=None,
        validation_alias="NOTIFICATION_OBSERVER_URL",
        description="Where people look at the Observer's page; stands in every notice.",
    )
    alert_window_seconds: float = Field(
        default=15.0,
        ge=0,
        validation_alias="NOTIFICATION_ALERT_WINDOW_SECONDS",
        description="What comes of a group within it is one notice.",
    )
    alert_update_seconds: float = Field(
        default=600.0,
        ge=0,
        validation_alias="NOTIFICATION_ALERT_UPDATE_SECONDS",
        description="The pause between a notice and an update of it.",
    )
    alert_reminder_seconds: float = Field(
        default=14_400.0,
        ge=0,
        validation_alias="NOTIFICATION_ALERT_REMINDER_SECONDS",
        description="When it is told that an alert still lasts; 0: never.",
    )
    watch_grace_seconds: float = Field(
        default=30.0,
        ge=0,
        validation_alias="NOTIFICATION_WATCH_GRACE_SECONDS",
        description="How much longer than it promised the Observer may be silent.",
    )
    watch_confirm_seconds: float = Field(
        default=5.0,
        ge=0,
        validation_alias="NOTIFICATION_WATCH_CONFIRM_SECONDS",
        description="How long is waited before silence is told, for signs that were on their way.",
    )
    watch_expected_seconds: float | None = Field(
        default=None,
        validation_alias="NOTIFICATION_WATCH_EXPECTED_SECONDS",
        description="Within which time of our first start an Observer must be heard; none: once one was heard.",
    )
    vapid_private_key: SecretStr | None = Field(
        default=None,
        validation_alias="NOTIFICATION_VAPID_PRIVATE_KEY",
        description="What push messages are signed with (P-256); without it one is made and kept sealed.",
    )
    vapid_subject: str | None = Field(
        default=None,
        validation_alias="NOTIFICATION_VAPID_SUBJECT",
        description="Whom a push service writes to about us, mailto: or https:.",
    )
    fleet_ca_file: Path | None = Field(
        default=None,
        validation_alias="NOTIFICATION_FLEET_SMTP_CA_FILE",
        description="The authority of the server's certificate, when it is a private one.",
    )

    @field_validator("staff_time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"NOTIFICATION_STAFF_TIME_ZONE: there is no time zone {name}")
        return name
