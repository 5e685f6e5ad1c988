"""The documents that tenancy takes and shows over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, SecretStr

from contracts.conversations.v1 import Intent
from contracts.tenants.hooks import KINDS
from contracts.tenants.http_v1 import TenantProfile
from contracts.values import Channel
from tenancy.application.configure_tenant import Configuration
from tenancy.domain.hooks import WantedHook
from tenancy.domain.hours import BusinessHours, Holiday, Span, Weekday
from tenancy.domain.tenant import RoutingRule, Tenant, Texts


def _without_nul(words: str) -> str:
    if "\x00" in words:
        raise ValueError("has a NUL character, which no text has")
    return words


Words = Annotated[str, AfterValidator(_without_nul)]
"""Text that can be kept: the database takes every character but NUL."""


class Document(BaseModel):
    """What tenancy takes: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextsDocument(Document):
    """A tenant's own words in one language."""

    signature: Words
    imprint: Words
    ai_notice: Words


class RuleDocument(Document):
    """A routing rule: the first that fits decides."""

    answer: Literal["ai", "draft", "human"]
    intents: tuple[Intent, ...] = ()
    channels: tuple[Channel, ...] = ()
    minimum_confidence: float = Field(default=0.0, ge=0, le=1)
    hours: Literal["open", "closed"] | None = None


class SpanDocument(Document):
    """From when until when; a span over midnight is two."""

    opens: str = Field(description="Time of day, such as 09:00.")
    closes: str = Field(description="Time of day, such as 17:30; at latest 24:00.")


class HolidayDocument(Document):
    """A day that is not like its weekday; without spans it is closed."""

    day: date
    name: Words
    spans: tuple[SpanDocument, ...] = ()


class HoursDocument(Document):
    """Business hours, by the clock in the company's time zone; a weekday that is not named is closed."""

    week: dict[Weekday, tuple[SpanDocument, ...]]
    holidays: tuple[HolidayDocument, ...] = ()

    def hours(self) -> BusinessHours:
        """The document in our own terms."""
        week: dict[Weekday, tuple[Span, ...]] = {
            weekday: _spans(spans) for weekday, spans in self.week.items() if spans
        }
        holidays = (Holiday(each.day, each.name, _spans(each.spans)) for each in self.holidays)
        return BusinessHours(week, tuple(holidays))


class HookDocument(Document):
    """A hook; without `secrets` or `settings` it keeps those it has."""

    hook_id: str
    source: str
    verifier: str = Field(default="hmac", description=f"How it is verified: {', '.join(KINDS)}.")
    enabled: bool = True
    secrets: tuple[SecretStr, ...] | None = None
    settings: dict[str, JsonValue] | None = Field(
        default=None,
        repr=False,
        description="What its kind needs besides; it lies sealed, as the secrets do.",
    )


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Values = dict[str, Annotated[SecretStr, BeforeValidator(_as_text)]]


_NOT_PROFILE = {"tenant_id", "texts", "rules", "hours", "paused", "credentials", "hooks"}
"""What of the document is not taken over into a profile as it stands."""


class TenantDocument(Document):
    """A whole tenant. Without `credentials`, `hooks` or `paused` these stay as they are; else they are replaced whole."""

    tenant_id: str | None = Field(default=None, description="The same as in the address, if it is given.")
    name: Words
    mailbox: Words
    display_name: Words
    agent_email: Words
    texts: dict[Literal["de", "en"], TextsDocument]
    time_zone: Words = "Europe/Vienna"
    language: Literal["de", "en"] = "de"
    autonomy: Literal["draft", "send"] = "draft"
    rules: tuple[RuleDocument, ...] = ()
    hours: HoursDocument | None = Field(default=None, description="Without it the company says no hours.")
    burst_window_seconds: float = Field(default=20.0, ge=0, le=3600)
    replies_per_contact_per_day: int = Field(default=10, ge=0, le=1_000_000)
    replies_per_hour: int = Field(default=200, ge=0, le=1_000_000)
    crm: Literal["weclapp", "builtin"] = "builtin"
    file_store: Literal["onedrive", "local"] = "local"
    folder_template: Words = "{year}/{person}/{category}"
    filename_template: Words = "{date} {category} {person}{extension}"
    paused: bool | None = None
    credentials: dict[str, Values] | None = None
    hooks: tuple[HookDocument, ...] | None = None

    def configuration(self, tenant_id: str, expects: frozenset[str] | None = None) -> Configuration:
        """The document in our own terms."""
        profile = self.model_dump(exclude=_NOT_PROFILE)
        tenant = Tenant(
            tenant_id=tenant_id,
            texts={language: Texts(**words.model_dump()) for language, words in self.texts.items()},
            rules=tuple(RoutingRule(**rule.model_dump()) for rule in self.rules),
            hours=self.hours.hours() if self.hours is not None else None,
            **profile,
        )
        credentials = None
        if self.credentials is not None:
            credentials = {name: opened(values) for name, values in self.credentials.items()}
        hooks = tuple(_wanted(hook) for hook in self.hooks) if self.hooks is not None else None
        return Configuration(tenant, self.paused, credentials, hooks, expects)


class CredentialLine(BaseModel):
    """That a credential is there; never its values."""

    name: str
    version: int


class HookLine(BaseModel):
    """That a hook is there; never its secrets."""

    hook_id: str
    source: str
    verifier: str
    enabled: bool
    path: str = Field(description="Where the gateway takes its webhooks.")


class TenantView(TenantProfile):
    """A tenant as people see it; no secrets."""

    suspended_because: str = Field(default="", description="Why those who run the fleet stopped it.")
    credentials: tuple[CredentialLine, ...]
    hooks: tuple[HookLine, ...]


class TenantLine(BaseModel):
    """A line in the list of tenants."""

    tenant_id: str
    name: str
    created_at: datetime
    suspended: bool


class AuditLine(BaseModel):
    """Who changed what, and when."""

    id: str
    at: datetime | None
    actor: str
    action: str
    subject: str
    details: dict[str, object]


def opened(values: Values) -> dict[str, str]:
    """Values in clear, on their way into a sealed box."""
    return {key: value.get_secret_value() for key, value in values.items()}


def _spans(spans: tuple[SpanDocument, ...]) -> tuple[Span, ...]:
    return tuple(Span(span.opens, span.closes) for span in spans)


def _wanted(hook: HookDocument) -> WantedHook:
    secrets = None
    if hook.secrets is not None:
        secrets = tuple(secret.get_secret_value() for secret in hook.secrets)
    return WantedHook(hook.hook_id, hook.source, secrets, hook.verifier, hook.enabled, hook.settings)
