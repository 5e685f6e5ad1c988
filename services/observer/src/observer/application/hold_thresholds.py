"""The thresholds that are in force, and why a newer file is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from observer.application.changes import Changed, Changes
from observer.application.ports import Clock
from observer.domain.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was refused: the place of each fault and its words."""

    at: datetime
    faults: tuple[str, ...]


@dataclass(slots=True)
class HeldThresholds:
    """Those of the last valid file; an invalid one changes nothing but what is said of it."""

    changes: Changes
    clock: Clock
    current: Thresholds = field(default_factory=Thresholds)
    since: datetime | None = None
    refusal: Refusal | None = None

    def take(self, thresholds: Thresholds) -> None:
        """These are in force from now on."""
        self.current, self.since, self.refusal = thresholds, self.clock(), None
        self.changes.tell(Changed("thresholds", self.since, state="taken"))

    def refuse(self, faults: tuple[str, ...]) -> None:
        """A file is not valid: what was in force stays."""
        self.refusal = Refusal(self.clock(), faults)
        self.changes.tell(Changed("thresholds", self.refusal.at, state="refused"))

    def notes(self) -> list[str]:
        """What /health should say."""
        if self.refusal is None:
            return []
        return [
            f"observer_config.json is refused, the thresholds of before stay: {'; '.join(self.refusal.faults[:3])}"
        ]
