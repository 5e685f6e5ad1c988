"""The settings of billing, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

import chassis


class Settings(chassis.Settings):
    """The chassis's settings, and billing's own. Webhooks' secrets are the gateway's."""

    default_port: ClassVar[int] = 8013

    stripe_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="BILLING_STRIPE_KEY",
        description="The secret key of the fleet's account at Stripe; without it use is recorded and nothing is sold.",
    )  # fmt: skip
    stripe_url: str = Field(
        default="https://api.stripe.com",
        validation_alias="BILLING_STRIPE_URL",
        description="Where Stripe answers.",
    )
    stripe_seconds: float = Field(
        default=30.0, gt=0, le=110, validation_alias="BILLING_STRIPE_SECONDS",
        description="The longest answer of Stripe's; shorter than an effect's lease of two minutes.",
    )  # fmt: skip
    stripe_hook: str = Field(
        default="stripe", validation_alias="BILLING_STRIPE_HOOK",
        description="The id of the hook that Stripe's events of the fleet's account come by; those of other hooks are not believed.",
    )  # fmt: skip
    plans: Path | None = Field(
        default=None,
        validation_alias="BILLING_PLANS",
        description="A file with plans, instead of billing's own.",
    )
    currency: str = Field(
        default="EUR",
        validation_alias="BILLING_CURRENCY",
        description="What a company is billed in until it chose.",
    )
    return_url: str = Field(
        default="http://127.0.0.1:8000/billing", validation_alias="BILLING_RETURN_URL",
        description="Where a person comes back to from Stripe's pages.",
    )  # fmt: skip
    report_seconds: float = Field(
        default=60.0,
        gt=0,
        validation_alias="BILLING_REPORT_SECONDS",
        description="How often the meters are told.",
    )
    reconcile_hour: int = Field(
        default=3, ge=0, le=23, validation_alias="BILLING_RECONCILE_HOUR",
        description="The hour of the night, UTC, in which Stripe is compared with the ledger.",
    )  # fmt: skip
