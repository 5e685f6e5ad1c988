"""Which model answers, at what price, within which limits."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

_MODELS = {
    "openai": ("gpt-6-luna", "text-embedding-3-small"),
    "gemini": ("gemini-3.5-flash", "gemini-embedding-001"),
    "offline": ("offline-rules", "offline-hashing"),
}


class Price(BaseModel):
    """What a model costs, per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Decimal = Field(ge=0, description="Per million tokens read.")
    output: Decimal = Field(default=Decimal(0), ge=0, description="Per million tokens written.")
    currency: Currency = Field(default="USD", description="ISO 4217 code.")


class LanguageModelSettings(BaseModel):
    """Part of a service's settings; without a provider, the offline rules answer and say so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: Literal["openai", "gemini", "offline"] = Field(default="offline", description="Who answers.")
    base_url: str | None = Field(
        default=None, description="The vendor's address, when it is not the usual one."
    )
    api_key: SecretStr = Field(default=SecretStr(""), description="The vendor's key.")
    credential: str = Field(default="language_model", description="The key's name in messages to people.")
    model: str = Field(default="", description="The model that writes; empty for the provider's usual one.")
    embedding_model: str = Field(
        default="", description="The model that embeds; empty for the provider's usual one."
    )
    prices: dict[str, Price] = Field(
        default_factory=dict, description="Price per model id; unknown costs stay unknown."
    )

    timeout_s: float = Field(default=25.0, gt=0, description="The longest wait for one request.")
    time_limit_s: float = Field(
        default=30.0, gt=0, description="The longest wait for one call, retries included."
    )
    stream_idle_s: float = Field(default=15.0, gt=0, description="The longest pause within a stream.")
    retries: int = Field(default=2, ge=0, le=5, description="Quick retries within one call.")
    longest_pause_s: float = Field(default=5.0, ge=0, description="The longest pause before such a retry.")
    failures_in_a_row: int = Field(
        default=3, ge=1, description="Calls without an answer after which the model is left alone."
    )
    rest_s: float = Field(
        default=15.0, gt=0, description="How long it is left alone before one call tries it again."
    )
    connections: int = Field(default=20, ge=1, description="Requests to the vendor at once.")
    response_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1024, description="The largest answer that is read."
    )

    max_output_tokens: int = Field(default=4_000, ge=16, description="The longest answer to one call.")
    max_input_tokens: int = Field(
        default=60_000, ge=100, description="The longest prompt of one call, estimated."
    )
    max_cost_per_call: Decimal | None = Field(
        default=None, ge=0, description="The dearest call, at its price's currency."
    )
    daily_cost_per_tenant: Decimal | None = Field(
        default=None, ge=0, description="A tenant's budget for one day (UTC)."
    )
    daily_tokens_per_tenant: int | None = Field(default=2_000_000, ge=0, description="The same, in tokens.")
    budget_currency: Currency = Field(
        default="USD", description="The budget's currency; costs in others are not counted."
    )

    @model_validator(mode="after")
    def _key_for_a_vendor(self) -> Self:
        if self.provider != "offline" and not self.api_key.get_secret_value().strip():
            raise ValueError(
                f"The provider {self.provider} needs an api_key; without one choose the provider 'offline'."
            )
        return self

    @property
    def writer(self) -> str:
        """The id of the model that writes."""
        return self.model or _MODELS[self.provider][0]

    @property
    def embedder(self) -> str:
        """The id of the model that embeds."""
        return self.embedding_model or _MODELS[self.provider][1]
