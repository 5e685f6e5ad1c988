"""An alert: a value beyond its limit, as the Observer tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Severity = Literal["warning", "critical"]
Language = Literal["de", "en"]

OBSERVER_SILENT = "observer_silent"
"""The threshold that notification itself watches: how long the Observer may say nothing."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is the matter, in one sentence of each language."""

    de: str
    en: str

    def in_language(self, language: Language) -> str:
        """The sentence in that language."""
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class Recovery:
    """The value is within its limit again; `heard_at` is by our own clock."""

    at: datetime
    value: float
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """One breach of a threshold, or a supplement of one, which the Observer says where it grows.

    `others` and `members` are what it stands for: of a storm the Observer says one. `heard_at` is by our own clock.
    """

    alert_id: str
    threshold: str
    service: str | None
    subject: str | None
    metric: str
    value: float
    limit: float
    unit: str
    severity: Severity
    since: datetime
    summary: Summary
    group: str
    said_at: datetime
    """When the Observer said it, by his clock: what orders it among recoveries of the group."""
    heard_at: datetime
    update: int = 0
    others: int = 0
    members: tuple[str, ...] = ()
    recovery: Recovery | None = None

    @property
    def key(self) -> str:
        """What is told once: the alert, and each time that the Observer supplements it."""
        return self.alert_id if self.update == 0 else f"{self.alert_id}+{self.update}"

    @property
    def over(self) -> bool:
        """Whether the value is within its limit again."""
        return self.recovery is not None

    @property
    def critical(self) -> bool:
        """Whether it breaks through quiet hours."""
        return self.severity == "critical"
