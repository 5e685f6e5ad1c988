"""Settings of the orchestrator."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

import chassis


class Settings(chassis.Settings):
    """What the orchestrator needs besides every service's settings."""

    default_port: ClassVar[int] = 8002

    turn_deadline_seconds: float = Field(
        default=60.0,
        validation_alias="ORCHESTRATOR_TURN_DEADLINE_SECONDS",
        description="How long a turn waits for its documents at most.",
    )
    draft_deadline_seconds: float = Field(
        default=180.0,
        validation_alias="ORCHESTRATOR_DRAFT_DEADLINE_SECONDS",
        description="How long a draft may take before a human is asked.",
    )
    paused: bool = Field(
        default=False,
        validation_alias="ORCHESTRATOR_PAUSED",
        description="The send brake of the whole fleet: everything is drafted, nothing sent.",
    )
