"""A company's licence, as billing said it last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Licence:
    """What a company may; a later version replaces it."""

    version: int
    status: Literal["trialing", "active", "grace", "suspended", "ended"]
    plan: str
    reason: str
    features: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    valid_until: datetime | None = None

    @property
    def lets_work(self) -> bool:
        """Whether the company may go on working."""
        return self.status not in {"suspended", "ended"}
