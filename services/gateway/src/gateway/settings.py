"""The gateway's settings, and where the services behind it answer."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

import chassis
from contracts.tenants.hooks import BaseUrl

_SERVICES = {
    "tenancy": "http://127.0.0.1:8001",
    "orchestrator": "http://127.0.0.1:8002",
    "conversation": "http://127.0.0.1:8003",
    "reporting": "http://127.0.0.1:8004",
    "notification": "http://127.0.0.1:8005",
    "email-ingest": "http://127.0.0.1:8006",
    "ocr": "http://127.0.0.1:8007",
    "crm-sync": "http://127.0.0.1:8008",
    "file-management": "http://127.0.0.1:8009",
}

_ANSWERING = {"telephony": "http://127.0.0.1:8011", "messaging": "http://127.0.0.1:8014"}


class Settings(chassis.Settings):
    """Read from the environment."""

    default_port: ClassVar[int] = 8000

    snapshot_path: Path = Field(
        default=Path(".local/gateway/hooks.sealed"),
        validation_alias="GATEWAY_SNAPSHOT_PATH",
        description="The sealed snapshot of the hooks, so that the gateway starts while tenancy is down.",
    )
    upstreams: dict[str, str] = Field(
        default=_SERVICES,
        validation_alias="GATEWAY_UPSTREAMS",
        description='Where the services answer, as JSON: {"tenancy": "http://tenancy:8001"}; those left out stay.',
    )
    body_limit: int = Field(
        default=25 * 1024 * 1024,
        gt=0,
        validation_alias="GATEWAY_BODY_LIMIT",
        description="Largest body, in bytes.",
    )
    body_idle_seconds: float = Field(
        default=20.0,
        gt=0,
        validation_alias="GATEWAY_BODY_IDLE_SECONDS",
        description="How long a body may stand still before it counts as cut off.",
    )
    body_budget: int = Field(
        default=256 * 1024 * 1024,
        gt=0,
        validation_alias="GATEWAY_BODY_BUDGET",
        description="Bytes of large webhook bodies held in memory at a time; beyond it senders are asked to come again.",
    )
    upstream_seconds: float = Field(
        default=30.0,
        gt=0,
        validation_alias="GATEWAY_UPSTREAM_SECONDS",
        description="How long a service may take to answer, or stand still in its answer.",
    )
    upstream_connect_seconds: float = Field(
        default=3.0,
        gt=0,
        validation_alias="GATEWAY_UPSTREAM_CONNECT_SECONDS",
        description="How long connecting to a service may take.",
    )

    public_url: BaseUrl = Field(
        default="http://127.0.0.1:8000",
        validation_alias="GATEWAY_PUBLIC_URL",
        description="The gateway's address as the senders of webhooks know it; some sign it.",
    )
    sns_stand_in: str = Field(
        default="",
        validation_alias="GATEWAY_SNS_STAND_IN",
        description="For tests: the address that stands in for Amazon SNS, where certificates are read.",
    )
    captcha_urls: dict[str, str] = Field(
        default_factory=dict,
        validation_alias="GATEWAY_CAPTCHA_URLS",
        description='Where captchas are checked instead, as JSON: {"turnstile": "https://…"}.',
    )
    answering: dict[str, str] = Field(
        default_factory=dict,
        validate_default=True,
        validation_alias="GATEWAY_ANSWERING",
        description='Where the services are that answer calls and messages at once, as JSON: {"telephony": "http://…"}.',
    )

    @field_validator("answering")
    @classmethod
    def _all_that_answer(cls, given: dict[str, str]) -> dict[str, str]:
        if unknown := given.keys() - _ANSWERING.keys():
            raise ValueError(f"no such service answers webhooks: {', '.join(sorted(unknown))}")
        return {**_ANSWERING, **given}

    @field_validator("upstreams")
    @classmethod
    def _complete(cls, given: dict[str, str]) -> dict[str, str]:
        if unknown := given.keys() - _SERVICES.keys():
            raise ValueError(f"no such service: {', '.join(sorted(unknown))}")
        return {**_SERVICES, **given}
