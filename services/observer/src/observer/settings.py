"""The settings of observer, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, field_validator

import chassis

_SERVICES = {
    "gateway": "http://127.0.0.1:8000",
    "tenancy": "http://127.0.0.1:8001",
    "orchestrator": "http://127.0.0.1:8002",
    "conversation": "http://127.0.0.1:8003",
    "reporting": "http://127.0.0.1:8004",
    "notification": "http://127.0.0.1:8005",
    "email-ingest": "http://127.0.0.1:8006",
    "ocr": "http://127.0.0.1:8007",
    "crm-sync": "http://127.0.0.1:8008",
    "file-management": "http://127.0.0.1:8009",
    "observer": "http://127.0.0.1:8010",
    "billing": "http://127.0.0.1:8013",
}


class Settings(chassis.Settings):
    """Where the services are, and how their dead letters are asked for."""

    default_port: ClassVar[int] = 8010

    services: dict[str, str] = Field(
        default=_SERVICES,
        validation_alias="OBSERVER_SERVICES",
        description='Where each service answers, as JSON: {"tenancy": "http://tenancy:8001"}; those left out stay.',
    )
    desk_answer_seconds: float = Field(
        default=10.0,
        gt=0,
        validation_alias="OBSERVER_DESK_ANSWER_SECONDS",
        description="How long a service may take to answer about its dead letters.",
    )
    desk_job_seconds: float = Field(
        default=2.0,
        gt=0,
        validation_alias="OBSERVER_DESK_JOB_SECONDS",
        description="How often the jobs that settle many dead letters are looked after.",
    )

    @field_validator("services")
    @classmethod
    def _complete(cls, given: dict[str, str]) -> dict[str, str]:
        return {**_SERVICES, **given}
