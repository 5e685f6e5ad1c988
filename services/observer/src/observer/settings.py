"""The settings of observer, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

import chassis
from observer.domain.sampling import SamplingRules


class Settings(chassis.Settings):
    """What the Observer is told besides every service's settings."""

    default_port: ClassVar[int] = 8010

    observer_story_slow_seconds: float = Field(
        default=10.0, gt=0, description="A story that took longer is kept whole."
    )
    observer_story_share: float = Field(
        default=0.02, ge=0, le=1, description="Which share of ordinary stories is kept too."
    )
    observer_story_rest_seconds: float = Field(
        default=10.0, gt=0, description="A story is decided when no span came for it for so long."
    )
    observer_story_held_spans: int = Field(
        default=50_000, ge=100, description="How many undecided spans are held in memory at most."
    )
    observer_story_days: float = Field(default=7.0, gt=0, description="For how long stories are kept.")
    observer_otlp_max_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="How large a request of spans may be, unpacked."
    )

    @property
    def sampling(self) -> SamplingRules:
        """What of the stories is kept."""
        return SamplingRules(
            slow_seconds=self.observer_story_slow_seconds,
            share=self.observer_story_share,
            rest_seconds=self.observer_story_rest_seconds,
            held_spans=self.observer_story_held_spans,
        )
