"""crm-sync's settings, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

import chassis


class Settings(chassis.Settings):
    """The chassis's settings, and crm-sync's own."""

    default_port: ClassVar[int] = 8008

    poll_seconds: float = Field(
        default=60.0,
        gt=0,
        validation_alias="CRM_SYNC_POLL_SECONDS",
        description="How often each company's CRM is asked what changed.",
    )
    country_code: str = Field(
        default="43",
        pattern=r"^[1-9]\d{0,2}$",
        validation_alias="CRM_SYNC_COUNTRY_CODE",
        description="Calling code of national phone numbers, where a company's time zone does not tell.",
    )
    request_seconds: float = Field(
        default=65.0,
        gt=0,
        le=90,
        validation_alias="CRM_SYNC_REQUEST_SECONDS",
        description="How long an answer of a CRM may take; weclapp itself may queue a request for 30 s.",
    )
