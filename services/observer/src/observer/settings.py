"""The Observer's settings: where it looks, how often, what it keeps for how long."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator

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
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


def known_services() -> dict[str, str]:
    """The services that there are, and where each answers on one machine."""
    return dict(_SERVICES)


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError(f"{text!r} is no address: write http://host:port, without a path")
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Urls = Annotated[list[Annotated[str, AfterValidator(_url)]], BeforeValidator(_listed)]
"""One address of a service, or several; a name that resolves to several addresses is several replicas."""


class Settings(chassis.Settings):
    """The chassis's settings, and the Observer's own."""

    default_port: ClassVar[int] = 8010

    services: dict[str, Urls] = Field(
        default={name: [url] for name, url in _SERVICES.items()},
        validation_alias="OBSERVER_SERVICES",
        description='Where the services answer, as JSON: {"ocr": ["http://ocr:8007"]}; those left out stay, an empty list is none.',
    )
    rabbitmq_url: SecretStr | None = Field(
        default=None,
        validation_alias="OBSERVER_RABBITMQ_URL",
        description="RabbitMQ's management, http://user:password@host:15672; without it no queue is seen.",
    )
    prometheus_url: SecretStr | None = Field(
        default=None,
        validation_alias="OBSERVER_PROMETHEUS_URL",
        description="A Prometheus that scrapes the fleet: series are then read from it, and not kept here.",
    )
    config_path: Path = Field(
        default=Path("deploy/observer_config.json"),
        validation_alias="OBSERVER_CONFIG_PATH",
        description="The thresholds; read again when the file changes.",
    )
    heartbeat_url: SecretStr | None = Field(
        default=None,
        validation_alias="OBSERVER_HEARTBEAT_URL",
        description="Is asked regularly as long as the watch goes on: for somebody outside who notices its silence.",
    )
    round_seconds: float = Field(
        default=5.0,
        ge=0.05,
        validation_alias="OBSERVER_ROUND_SECONDS",
        description="How often health is looked at.",
    )
    metrics_seconds: float = Field(
        default=15.0,
        ge=0.05,
        validation_alias="OBSERVER_METRICS_SECONDS",
        description="How often metrics, queues and the database are looked at.",
    )
    look_seconds: float = Field(
        default=2.5, gt=0, validation_alias="OBSERVER_LOOK_SECONDS", description="How long one look may take."
    )
    beat_seconds: float = Field(
        default=30.0,
        ge=0.1,
        validation_alias="OBSERVER_BEAT_SECONDS",
        description="How often WatchKept is said.",
    )
    slow_statement_seconds: float = Field(
        default=1.0,
        ge=0,
        validation_alias="OBSERVER_SLOW_STATEMENT_SECONDS",
        description="From when on a statement is looked at.",
    )
    raw_hours: float = Field(
        default=6.0, gt=0, validation_alias="OBSERVER_RAW_HOURS", description="How long samples are kept."
    )
    minutes_days: float = Field(
        default=14.0, gt=0, validation_alias="OBSERVER_MINUTES_DAYS", description="How long minutes are kept."
    )
    hours_days: float = Field(
        default=400.0, gt=0, validation_alias="OBSERVER_HOURS_DAYS", description="How long hours are kept."
    )
    alerts_days: float = Field(
        default=400.0, gt=0, validation_alias="OBSERVER_ALERTS_DAYS", description="How long alerts are kept."
    )
    buffer_minutes: float = Field(
        default=15.0,
        gt=0,
        validation_alias="OBSERVER_BUFFER_MINUTES",
        description="How much is held in memory while the Observer's own database is away.",
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
    def _complete(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := given.keys() - _SERVICES.keys():
            raise ValueError(f"no such service: {', '.join(sorted(unknown))}")
        return {**{name: [url] for name, url in _SERVICES.items()}, **given}

    @property
    def one_address_each(self) -> dict[str, str]:
        """Where to ask a service, whichever of its replicas answers."""
        return {name: urls[0] for name, urls in self.services.items() if urls}

    @property
    def raw(self) -> timedelta:
        """How long samples are kept."""
        return timedelta(hours=self.raw_hours)
