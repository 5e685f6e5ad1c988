"""Settings that every process has; a service adds its own in its `settings.py`.

They come from the environment, from files, from Vault: `chassis.secrets` says how.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import ClassVar, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, ModelWrapValidatorHandler, SecretStr, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chassis.secrets import Files, Vault, looked_for


class Settings(BaseSettings):
    """Read from the environment, else from files, else from Vault; names are the fields' in capitals.

    `database_url` names the database with the owner's role, which only migrations use: a service connects with a role
    of its own (`service_database_url`), which can reach its own schema alone.
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        # A variable that somebody left empty is none: an empty token would let anybody in.
        env_ignore_empty=True,
    )

    default_port: ClassVar[int] = 0
    """The port of architecture §1; `HTTP_PORT` replaces it for a service that runs alone."""

    amqp_url: SecretStr = Field(description="The broker, amqp://user:password@host:port/vhost.")
    database_url: SecretStr = Field(description="The database, postgresql://owner:password@host:port/name.")
    blob_url: str = Field(description="The blob store: file://, s3://, az:// or memory://.")
    master_key: SecretStr = Field(
        validation_alias="FRONTDESK_MASTER_KEY",
        description="Key ring that seals credentials, newest key first.",
    )
    service_token: SecretStr = Field(
        validation_alias="FRONTDESK_SERVICE_TOKEN",
        description="Bearer token of the services among themselves.",
    )
    admin_token: SecretStr = Field(
        validation_alias="FRONTDESK_ADMIN_TOKEN", description="Bearer token of the people who run the fleet."
    )
    tenancy_url: str = Field(default="http://127.0.0.1:8001", description="Where tenancy answers.")
    outward_allow: str = Field(
        default="",
        validation_alias="FRONTDESK_OUTWARD_ALLOW",
        description="What tenants may have connected to beside the public internet: addresses, networks and names, "
        "separated by commas, such as `10.1.2.0/24,mail.intern.example`.",
    )
    http_host: str = Field(default="127.0.0.1", description="Address to listen on.")
    http_port: int | None = Field(
        default=None, description="Port to listen on, instead of the service's own."
    )
    database_pool: int = Field(
        default=6, ge=2, description="Connections to the database per process and service."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str | None = Field(
        default=None,
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Where spans go (OTLP over HTTP).",
    )
    otlp_to_observer: bool = Field(
        default=False,
        validation_alias="FRONTDESK_OTLP_TO_OBSERVER",
        description="Whether spans go to the fleet's own Observer: then they carry the service token.",
    )
    slow_span_seconds: float = Field(
        default=0.1,
        gt=0,
        validation_alias="FRONTDESK_SLOW_STATEMENT_SECONDS",
        description="A statement on the database that takes longer is a span of its own.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 — no file is read that nobody named
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 — ours knows more forms
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What goes before what."""
        return init_settings, env_settings, Files(settings_cls), Vault(settings_cls)

    @model_validator(mode="wrap")
    @classmethod
    def _tell_where_it_was_looked_for(cls, values: object, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(values)
        except ValidationError as error:
            flaws = [_told(flaw["type"], flaw["loc"], flaw["msg"]) for flaw in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, flaws, hide_input=True) from None

    @property
    def port(self) -> int:
        """The port that the service listens on."""
        return self.http_port if self.http_port is not None else self.default_port

    def service_database_url(self, schema: str) -> str:
        """The database with the login role of one service, for SQLAlchemy's asyncpg driver."""
        parts = urlsplit(self.database_url.get_secret_value())
        role, password = database_role(schema), self.database_password(schema)
        address = parts.netloc.rpartition("@")[2]
        return urlunsplit(
            (
                "postgresql+asyncpg",
                f"{role}:{quote(password)}@{address}",
                parts.path,
                parts.query,
                parts.fragment,
            )
        )

    def database_password(self, schema: str) -> str:
        """The password of a service's database role, derived from the master key (HMAC-SHA256)."""
        return derive(self.master_key, f"database-role:{schema}")


def _told(kind: str, place: tuple[int | str, ...], words: str) -> InitErrorDetails:
    """A flaw without the value that was found; a missing setting says where it was looked for."""
    name = "__".join(str(step) for step in place).upper()
    if kind == "missing":
        words = f"is missing; it was looked for {looked_for(os.environ, name)}"
    return InitErrorDetails(
        type=PydanticCustomError("setting", "{words}", {"words": words}), loc=place, input=None
    )


def settings_flaws(error: ValidationError) -> str:
    """What is wrong with settings, in one line that shows no value."""
    return "; ".join(
        f"{'__'.join(str(step) for step in flaw['loc'])}: {flaw['msg']}"
        for flaw in error.errors(include_input=False, include_url=False)
    )


def schema_of(service: str) -> str:
    """The schema of a service by its deployed name; its package is called the same."""
    return service.replace("-", "_")


def database_role(schema: str) -> str:
    """The login role of the service that owns a schema."""
    return f"frontdesk_{schema}"


def owner_role(schema: str) -> str:
    """The role that owns a service's tables; nobody logs in with it."""
    return f"{database_role(schema)}_owner"


def derive(secret: SecretStr, purpose: str) -> str:
    """A secret of its own for one purpose: HMAC-SHA256 over the oldest master key, 64 hexadecimal digits.

    The oldest key of the ring is used, so that a new sealing key in front changes nothing here.
    """
    oldest = secret.get_secret_value().split(",")[-1].rpartition(":")[2]
    return hmac.new(oldest.encode(), purpose.encode(), hashlib.sha256).hexdigest()
