"""Settings that every process has; a service adds its own in its `settings.py`."""

from __future__ import annotations

import hashlib
import hmac
from typing import ClassVar, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment; names are the fields' in capitals.

    `database_url` names the database with the owner's role, which only migrations use: a service connects with a role
    of its own (`service_database_url`), which can reach its own schema alone.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

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
