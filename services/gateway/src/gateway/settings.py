"""The gateway's settings, and where the services behind it answer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator

import chassis
from chassis import roster
from contracts.tenants.hooks import BaseUrl
from gateway.domain.configuration import Configuration, Policies
from gateway.domain.rate_limits import Policy

_SERVICES = {name: url for name, url in roster.addresses().items() if name != "gateway"}
_ANSWERING = {"telephony": "http://127.0.0.1:8011", "messaging": "http://127.0.0.1:8014"}
_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


def known_services() -> frozenset[str]:
    """The services that there are."""
    return frozenset(_SERVICES)


def _limit(words: str) -> str:
    Policy.parse("", words)
    return words


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError(f"{text!r} is no address: write http://host:port, without a path")
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


RateLimit = Annotated[str, AfterValidator(_limit)]
"""Such as `600/minute`."""
Url = Annotated[str, AfterValidator(_url)]
Urls = Annotated[list[Url], BeforeValidator(_listed), Field(min_length=1)]
"""One address of a service, or several."""
CorsOrigin = Url
"""The origin of a web page, as a browser says it."""


class Settings(chassis.Settings):
    """Read from the environment."""

    default_port: ClassVar[int] = 8000

    snapshot_path: Path = Field(
        default=Path(".local/gateway/hooks.sealed"),
        validation_alias="GATEWAY_SNAPSHOT_PATH",
        description="The sealed snapshot of the hooks, so that the gateway starts while tenancy is down; who may come in "
        "and what the services answer are kept beside it.",
    )
    upstreams: dict[str, Urls] = Field(
        default={name: [url] for name, url in _SERVICES.items()},
        validation_alias="GATEWAY_UPSTREAMS",
        description='Where the services answer, as JSON: {"tenancy": ["http://tenancy-0:8001", "http://tenancy-1:8001"]}; '
        "one address may stand without a list; those left out stay.",
    )
    config_path: Path | None = Field(
        default=None,
        validation_alias="GATEWAY_CONFIG_PATH",
        description="A JSON file with upstreams, cors_origins and limits, read again when it changes and on SIGHUP.",
    )
    access_hold_seconds: float = Field(
        default=3600.0,
        gt=0,
        validation_alias="GATEWAY_ACCESS_HOLD_SECONDS",
        description="For how long people and keys are let in by what tenancy said last, while it is down.",
    )
    cors_origins: list[CorsOrigin] = Field(
        default=[],
        validation_alias="GATEWAY_CORS_ORIGINS",
        description='Origins of web pages that may ask the API, as JSON: ["https://app.example.com"].',
    )
    limits_url: SecretStr = Field(
        default=SecretStr("memory://"),
        validation_alias="GATEWAY_LIMITS_URL",
        description="Where requests are counted: memory:// (each replica for itself) or redis://host:6379/0.",
    )
    limit_user: RateLimit = Field(
        default="600/minute", validation_alias="GATEWAY_LIMIT_USER", description="Requests of one user."
    )
    limit_tenant: RateLimit = Field(
        default="6000/minute", validation_alias="GATEWAY_LIMIT_TENANT", description="Requests of one company."
    )
    limit_key: RateLimit = Field(
        default="600/minute",
        validation_alias="GATEWAY_LIMIT_KEY",
        description="Requests of one API key that has no limit of its own.",
    )
    limit_address: RateLimit = Field(
        default="60/minute",
        validation_alias="GATEWAY_LIMIT_ADDRESS",
        description="Requests of one client address where no token is wanted (log-in), of a widget's visitor, and refused credentials.",
    )
    cache_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        validation_alias="GATEWAY_CACHE_BYTES",
        description="Memory for answers that services allow to be kept.",
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
    answer_limit: int = Field(
        default=256 * 1024 * 1024,
        gt=0,
        validation_alias="GATEWAY_ANSWER_LIMIT",
        description="Largest answer of a service, in bytes; what is larger is refused or broken off.",
    )
    upstream_seconds: float = Field(
        default=30.0,
        gt=0,
        validation_alias="GATEWAY_UPSTREAM_SECONDS",
        description="How long a service may take to answer, with all tries, or stand still in its answer.",
    )
    upstream_total_seconds: float = Field(
        default=300.0,
        gt=0,
        validation_alias="GATEWAY_UPSTREAM_TOTAL_SECONDS",
        description="How long a whole answer may take, however steadily it comes.",
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
    def _complete(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := given.keys() - _SERVICES.keys():
            raise ValueError(f"no such service: {', '.join(sorted(unknown))}")
        return {**{name: [url] for name, url in _SERVICES.items()}, **given}

    @field_validator("limits_url")
    @classmethod
    def _countable(cls, given: SecretStr) -> SecretStr:
        if not re.fullmatch(r"memory://|(redis|rediss|redis\+unix)://.+", given.get_secret_value()):
            raise ValueError("write memory://, redis://host:6379/0, rediss://… or redis+unix:///path")
        return given

    @property
    def configuration(self) -> Configuration:
        """What a file may change while the gateway runs."""
        return Configuration(
            {name: tuple(urls) for name, urls in self.upstreams.items()},
            frozenset(self.cors_origins),
            Policies(
                user=Policy.parse("user", self.limit_user),
                tenant=Policy.parse("tenant", self.limit_tenant),
                key=Policy.parse("key", self.limit_key),
                address=Policy.parse("address", self.limit_address),
            ),
        )
