"""The settings of observer, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

import chassis


class ScalingLimits(BaseModel):
    """Limits of one service's replicas, as an operator writes them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minimum: int = Field(default=1, ge=1, description="Never fewer replicas than these.")
    maximum: int = Field(default=10, ge=1, description="Never more.")
    target_seconds: float = Field(
        default=30.0, gt=0, description="The p95 from a message's arrival to its end."
    )


class Settings(chassis.Settings):
    """The chassis's settings, and the Observer's own."""

    default_port: ClassVar[int] = 8010

    advice_seconds: float = Field(
        default=60.0,
        gt=0,
        validation_alias="OBSERVER_ADVICE_SECONDS",
        description="How often services are judged.",
    )
    scaling: dict[str, ScalingLimits] = Field(
        default={},
        validation_alias="OBSERVER_SCALING",
        description='Limits by service, "*" for the others: {"ocr": {"minimum": 1, "maximum": 6, "target_seconds": 20}}.',
    )
    report_hour: int = Field(
        default=5,
        ge=0,
        le=23,
        validation_alias="OBSERVER_REPORT_HOUR",
        description="When the daily report is made, and on Mondays the weekly one; UTC.",
    )
