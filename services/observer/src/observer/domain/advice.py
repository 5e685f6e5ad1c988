"""Advice that was given, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from observer.domain.explanation import Texts
from observer.domain.scaling import Because, Verdict


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the model was given: rates per second, durations in seconds, squared coefficients of variation."""

    rate: float
    arrival_scv: float
    batch: float
    service_mean: float
    service_scv: float
    servers: int
    waiting: float
    observations: int
    utilisation: float
    peak: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured after the change had taken effect, by the same measurement: seconds, and errors in percent.

    `error` holds the forecast against what was measured. `model_error` does so for a forecast from the load that came then:
    what the model is to blame for, while the rest is a load that was different.
    """

    took_effect_at: datetime
    checked_at: datetime
    p95: float
    error: float
    model_error: float | None


@dataclass(frozen=True, slots=True)
class Advice:
    """What was said about one service at a moment: seconds are p95 from a message's arrival to its end."""

    advice_id: str
    service: str
    given_at: datetime
    verdict: Verdict
    because: Because
    current: int
    replicas: int
    reason: Texts
    message: str | None = None
    p95_now: float | None = None
    p95_predicted: float | None = None
    low: float | None = None
    high: float | None = None
    inputs: Inputs | None = None
    outcome: Outcome | None = None

    @property
    def is_a_change(self) -> bool:
        """Whether it asks for anything."""
        return self.verdict != "hold"

    def repeats(self, other: Advice | None) -> bool:
        """Whether it says what was said before."""
        return other is not None and (
            (self.service, self.verdict, self.because, self.current, self.replicas)
            == (other.service, other.verdict, other.because, other.current, other.replicas)
        )

    def checked(self, outcome: Outcome) -> Advice:
        """The same with what came of it."""
        return replace(self, outcome=outcome)


def error_percent(predicted: float, measured: float) -> float:
    """By how many percent of what was measured a prediction was off; positive: it was too high."""
    return 100 * (predicted - measured) / measured if measured else 0.0
