"""What tenancy answers to the other services over HTTP, version 1."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, model_validator

from contracts.tenants.hooks import KINDS
from contracts.tenants.hours import BusinessHours

Autonomy = Literal["draft", "send"]


class Texts(BaseModel):
    """A tenant's own words in one language; they stand in every reply."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    signature: str = Field(description="Under every reply.")
    imprint: str = Field(description="The company's legal particulars.")
    ai_notice: str = Field(description="Says that an AI wrote the answer.")


class RoutingRule(BaseModel):
    """Who answers what: the first rule that fits decides."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    intents: tuple[str, ...] = Field(default=(), description="Intents it fits; none given fits all.")
    channels: tuple[str, ...] = Field(default=(), description="Channels it fits; none given fits all.")
    minimum_confidence: float = Field(default=0.0, ge=0, le=1, description="Fits replies at least this sure.")
    hours: Literal["open", "closed"] | None = Field(
        default=None,
        description="Fits while the company is open, or while it is closed; none given fits always.",
    )
    answer: Literal["ai", "draft", "human"] = Field(
        description="The AI sends, the AI drafts, or a human answers."
    )


class LicenceState(BaseModel):
    """What a company may, as billing said it last."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = Field(description="Billing's version of it.")
    status: Literal["trialing", "active", "grace", "suspended", "ended"]
    plan: str
    features: tuple[str, ...] = ()
    limits: dict[str, int] = Field(default_factory=dict)
    valid_until: datetime | None = None
    reason: str = ""


class TenantProfile(BaseModel):
    """What the services need to know of a tenant; no secrets."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tenant_id: str
    name: str = Field(description="The company's name as its customers know it.")
    version: int = Field(description="Rises with each change.")
    time_zone: str = Field(default="Europe/Vienna", description="IANA time zone.")
    language: Literal["de", "en"] = Field(
        default="de", description="The company's own language, for mail to its staff."
    )
    mailbox: str = Field(description="The address that customers write to and that replies come from.")
    display_name: str = Field(description="The name beside that address.")
    agent_email: str = Field(description="Where drafts, hand-overs and notices go.")
    autonomy: Autonomy = Field(default="draft", description="Whether replies are sent or only drafted.")
    rules: tuple[RoutingRule, ...] = Field(default=(), description="Routing rules, first match decides.")
    texts: dict[str, Texts] = Field(description="Texts per language: de and en.")
    hours: BusinessHours | None = Field(default=None, description="When the company is open, if it says so.")
    paused: bool = Field(default=False, description="Nothing leaves while it is set.")
    suspended: bool = Field(
        default=False,
        description="Those who run the fleet stopped the company: nothing comes in, nothing leaves.",
    )
    licence: LicenceState | None = Field(
        default=None, description="What the company may; absent while billing has said nothing."
    )
    burst_window_seconds: float = Field(
        default=20.0, ge=0, description="How long a turn waits for another letter."
    )
    replies_per_contact_per_day: int = Field(
        default=10, ge=0, description="Automatic replies to one contact in 24 hours."
    )
    replies_per_hour: int = Field(
        default=200, ge=0, description="Automatic replies of the tenant in an hour."
    )
    crm: Literal["weclapp", "builtin"] = Field(default="builtin", description="Where customers are kept.")
    file_store: Literal["onedrive", "local"] = Field(
        default="local", description="Where documents are filed."
    )
    folder_template: str = Field(
        default="{year}/{person}/{category}", description="Folders of filed documents."
    )
    filename_template: str = Field(
        default="{date} {category} {person}{extension}", description="Names of filed documents."
    )


class TenantList(BaseModel):
    """The tenants that are not suspended, for services that watch something for each of them."""

    tenants: tuple[str, ...]


class Credential(BaseModel):
    """A tenant's credential, opened. Never logged: values are secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    version: int
    values: dict[str, SecretStr]


class HookEntry(BaseModel):
    """A registered webhook, as the gateway holds it in memory and in its sealed snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    hook_id: str
    tenant_id: str
    source: str = Field(description="The kind of sender, such as mime.")
    verifier: str = Field(description="How its signature is checked: one of `contracts.tenants.hooks.KINDS`.")
    secrets: tuple[SecretStr, ...] = Field(
        default=(), description="Active secrets; any of them may have signed."
    )
    settings: dict[str, JsonValue] = Field(
        default_factory=dict, repr=False, description="What its kind needs besides; some of it is secret."
    )
    suspended: bool = Field(default=False, description="Its tenant is suspended: nothing is taken for it.")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        kind = KINDS.get(self.verifier)
        if kind is None:
            raise ValueError("no such kind of hook is known")
        if kind.secret is not None and not self.secrets:
            raise ValueError("a hook without a secret would let everybody in")
        return self


class HookList(BaseModel):
    """All hooks of all tenants."""

    version: int
    hooks: tuple[HookEntry, ...]


class AccessState(BaseModel):
    """What the gateway must know to let people in: the public keys of tokens, and whom to let in no more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = Field(description="Rises with each change.")
    keys: tuple[dict[str, str], ...] = Field(description="Public keys as JWKs (RFC 8037: OKP, Ed25519).")
    revoked: tuple[str, ...] = Field(
        default=(),
        description="Ids of sessions and API keys that ended, kept until no token of theirs lives.",
    )
    suspended: tuple[str, ...] = Field(default=(), description="Tenants that nobody may come in for.")
    unlicensed: tuple[str, ...] = Field(
        default=(),
        description="Those of the suspended whom only their licence stops: they may sign in, see what they owe, and pay.",
    )


class KeyToVerify(BaseModel):
    """An API key that somebody showed at the gateway."""

    key: SecretStr


class VerifiedKey(BaseModel):
    """Whose API key that is, and what it may."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    key_id: str
    tenant_id: str
    name: str = Field(description="What its owner calls it.")
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    requests_per_minute: int | None = Field(
        default=None, ge=1, description="Its own limit, instead of the gateway's."
    )
