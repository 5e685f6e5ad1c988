"""What each kind of hook needs: its secrets and its settings, declared once.

Tenancy refuses a hook that does not fit its kind; the gateway reads the settings of a hook into the same form, and has
one verifier for each kind (a test compares them). A new kind of sender is one entry in `KINDS` and one verifier.

Settings travel and lie sealed together with the secrets, for some of them are secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

SHORTEST_SECRET = 16
_BASE_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:(?P<port>[0-9]{1,5}))?(/[A-Za-z0-9._~/-]*)?")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,256}")


def _base_url(text: str) -> str:
    found = _BASE_URL.fullmatch(text)
    if found is None or int(found["port"] or 0) > 65_535:
        raise ValueError("is no address like https://hooks.example.com: scheme, host, no query")
    return text.rstrip("/")


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        raise ValueError("is no origin like https://www.example.com: scheme and host in lower case, no path")
    return text


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise ValueError("is no topic like arn:aws:sns:eu-central-1:123456789012:name")
    return text


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("is no number like +43660123456")
    return text


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("must be 16 to 256 letters, digits, _ and -")
    return text


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Origin = Annotated[str, AfterValidator(_origin)]
TopicArn = Annotated[str, AfterValidator(_topic)]
PhoneNumber = Annotated[str, AfterValidator(_number)]
Token = Annotated[str, AfterValidator(_token)]


class HookSettings(BaseModel):
    """What a hook needs besides its secrets: nothing, unless its kind says more."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PublicHookSettings(HookSettings):
    """For senders that sign their idea of the address."""

    public_url: BaseUrl | None = Field(
        default=None,
        description="The gateway's address as this sender knows it; else GATEWAY_PUBLIC_URL.",
    )


class WhatsappSettings(HookSettings):
    """For WhatsApp's GET challenge."""

    verify_token: Token = Field(repr=False, description="What Meta shows when the address is entered there.")


class TwilioSettings(PublicHookSettings):
    """What a caller hears when no service answers in time."""

    forward_to: PhoneNumber | None = Field(default=None, description="Who is called then; else words.")
    language: Literal["de", "en"] = Field(default="de", description="The language of those words.")


class SipgateSettings(HookSettings):
    """A second factor, for the signature has no time in it."""

    url_token: Token | None = Field(default=None, repr=False, description="Wanted in the address as ?token=.")


class SnsSettings(HookSettings):
    """Anyone can have a topic at Amazon, so only these are believed."""

    topic_arns: tuple[TopicArn, ...] = Field(min_length=1, max_length=50)


class WidgetSettings(HookSettings):
    """Where a widget may stand, and whether visitors must prove to be people."""

    allowed_origins: tuple[Origin, ...] = Field(min_length=1, max_length=50)
    captcha: Literal["turnstile", "hcaptcha"] | None = None
    captcha_secret: str | None = Field(default=None, repr=False, min_length=SHORTEST_SECRET, max_length=256)

    @model_validator(mode="after")
    def _whole(self) -> WidgetSettings:
        if (self.captcha is None) != (self.captcha_secret is None):
            raise ValueError("captcha and captcha_secret belong together")
        return self


@dataclass(frozen=True, slots=True)
class SecretForm:
    """What a secret of a kind looks like; `says` is shown to people when one does not."""

    pattern: re.Pattern[str]
    says: str

    def fits(self, secret: str) -> bool:
        """Whether a secret looks like that."""
        return self.pattern.fullmatch(secret) is not None


SHARED = SecretForm(
    re.compile(r"(?s).{1,512}"), f"is shorter than {SHORTEST_SECRET} bytes: it could be guessed"
)
IN_ADDRESS = SecretForm(
    _TOKEN, "must be 16 to 256 letters, digits, _ and -, for it stands in an address or a header"
)
CLIENT_STATE = SecretForm(re.compile(r"[\x21-\x7e]{16,128}"), "must be 16 to 128 printable ASCII characters")
PUBLIC_KEY = SecretForm(
    re.compile(r"\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]{100,4000}-----END PUBLIC KEY-----\s*"),
    "is no public key in PEM: -----BEGIN PUBLIC KEY----- …",
)


@dataclass(frozen=True, slots=True)
class HookKind:
    """What a kind of hook needs. Without a form of secrets its sender is known by something else: it has none."""

    secret: SecretForm | None
    settings: type[HookSettings] = HookSettings


KINDS: Mapping[str, HookKind] = {
    "hmac": HookKind(SHARED),
    "stripe": HookKind(SHARED),
    "whatsapp": HookKind(SHARED, WhatsappSettings),
    "telegram": HookKind(IN_ADDRESS),
    "twilio": HookKind(SHARED, TwilioSettings),
    "sipgate": HookKind(PUBLIC_KEY, SipgateSettings),
    "sns": HookKind(None, SnsSettings),
    "graph": HookKind(CLIENT_STATE),
    "hubspot": HookKind(SHARED, PublicHookSettings),
    "weclapp": HookKind(IN_ADDRESS),
    "widget": HookKind(IN_ADDRESS, WidgetSettings),
}


def read_settings(verifier: str, given: Mapping[str, JsonValue]) -> HookSettings:
    """A hook's settings in the form of its kind; what this version does not know is left out.

    Raises `KeyError` for an unknown kind, and pydantic's `ValidationError`.
    """
    return KINDS[verifier].settings.model_validate(dict(given), extra="ignore")


def secret_faults(kind: HookKind, secrets: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What is wrong with the secrets of an enabled hook: where, and what."""
    if kind.secret is None:
        if secrets:
            yield "secrets", "must be empty: this kind of sender is known by something else"
        return
    if not secrets:
        yield "secrets", "is empty: a source without a secret cannot be enabled"
    for place, secret in enumerate(secrets):
        if len(secret.encode()) < SHORTEST_SECRET:
            yield f"secrets/{place}", SHARED.says
        elif not kind.secret.fits(secret):
            yield f"secrets/{place}", kind.secret.says
