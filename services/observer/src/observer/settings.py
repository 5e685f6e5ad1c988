"""The Observer's settings: where it looks, how often, what it keeps for how long."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

import chassis
from chassis import roster
from observer.domain.sampling import SamplingRules

_SERVICES = roster.addresses()
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
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


class ScalingLimits(BaseModel):
    """Limits of one service's replicas, as an operator writes them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: int = Field(default=1, ge=1, description="Never fewer replicas than these.")
    maximum: int = Field(default=10, ge=1, description="Never more.")
    target_seconds: float | None = Field(
        default=None,
        gt=0,
        description="The p95 from a message's arrival to its end; by default the limit of queue_wait in observer_config.json.",
    )


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
    lead_seconds: float = Field(
        default=20.0,
        gt=0,
        validation_alias="OBSERVER_LEAD_SECONDS",
        description="Of several Observers one keeps the watch: after so long without a sign of it another takes over.",
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

    advice_seconds: float = Field(
        default=60.0,
        gt=0,
        validation_alias="OBSERVER_ADVICE_SECONDS",
        description="How often services are judged.",
    )
    scaling: dict[str, ScalingLimits] = Field(
        default={},
        validation_alias="OBSERVER_SCALING",
        description='Limits of replicas, "*" for services that are not named: {"ocr": {"minimum": 1, "maximum": 6}}.',
    )
    advice_days: float = Field(
        default=400.0,
        gt=0,
        validation_alias="OBSERVER_ADVICE_DAYS",
        description="How long advice, reports and what came of them are kept.",
    )
    report_hour: int = Field(
        default=5,
        ge=0,
        le=23,
        validation_alias="OBSERVER_REPORT_HOUR",
        description="When the daily report is made, and on Mondays the weekly one; UTC.",
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
    story_slow_seconds: float = Field(
        default=10.0,
        gt=0,
        validation_alias="OBSERVER_STORY_SLOW_SECONDS",
        description="A story that took longer is kept whole.",
    )
    story_share: float = Field(
        default=0.02,
        ge=0,
        le=1,
        validation_alias="OBSERVER_STORY_SHARE",
        description="Which share of ordinary stories is kept too.",
    )
    story_rest_seconds: float = Field(
        default=10.0,
        gt=0,
        validation_alias="OBSERVER_STORY_REST_SECONDS",
        description="A story is decided when no span came for it for so long.",
    )
    story_held_spans: int = Field(
        default=50_000,
        ge=100,
        validation_alias="OBSERVER_STORY_HELD_SPANS",
        description="How many undecided spans are held in memory at most.",
    )
    story_days: float = Field(
        default=7.0, gt=0, validation_alias="OBSERVER_STORY_DAYS", description="How long stories are kept."
    )
    otlp_max_bytes: int = Field(
        default=4 * 1024 * 1024,
        ge=1024,
        validation_alias="OBSERVER_OTLP_MAX_BYTES",
        description="How large a request of spans may be, unpacked.",
    )

    @field_validator("services")
    @classmethod
    def _complete(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        # A house may have services of its own (`frontdesk scaffold service`): they are watched as all others.
        if unfit := [name for name in given if not _NAME.fullmatch(name)]:
            raise ValueError(f"no name of a service: {', '.join(sorted(unfit))}")
        return {**{name: [url] for name, url in _SERVICES.items()}, **given}

    @property
    def one_address_each(self) -> dict[str, str]:
        """Where to ask a service, whichever of its replicas answers."""
        return {name: urls[0] for name, urls in self.services.items() if urls}

    @property
    def raw(self) -> timedelta:
        """How long samples are kept."""
        return timedelta(hours=self.raw_hours)

    @property
    def sampling(self) -> SamplingRules:
        """What of the stories is kept."""
        return SamplingRules(
            slow_seconds=self.story_slow_seconds,
            share=self.story_share,
            rest_seconds=self.story_rest_seconds,
            held_spans=self.story_held_spans,
        )
