"""What a report says: findings, each with its evidence, one recommendation, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from observer.domain.change import Comparison
from observer.domain.explanation import Texts

FindingKind = Literal[
    "slow_endpoint",
    "slow_handler",
    "queue_wait",
    "slow_database",
    "pool_exhausted",
    "memory_growth",
    "retries",
    "dead_letters",
]
How = Literal["p95", "mean", "rate", "share"]
Unit = Literal["s", "bytes/h", "share"]
State = Literal["proposed", "done", "validated"]
ReportKind = Literal["daily", "weekly", "on_demand"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured, so that it can be measured again in the same way: a metric, what of it, how it is summed up."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    how: How
    unit: Unit


@dataclass(frozen=True, slots=True)
class Gain:
    """What is expected of a recommendation: the measurement now and then, in its unit."""

    now: float
    then: float
    unit: str
    by: Literal["model", "arithmetic"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence: numbers of a series, a queue's wait, a trace, a statement."""

    kind: Literal["series", "queue", "trace", "statement"]
    text: Texts
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is slow or grows: what, since when, why we think so, what to do, what came of it."""

    finding_id: str
    report_id: str
    kind: FindingKind
    service: str
    subject: str
    measurement: Measurement
    value: float
    limit: float
    since: datetime | None
    summary: Texts
    recommendation: Texts
    gain: Gain
    evidence: tuple[Evidence, ...] = ()
    state: State = "proposed"
    found_at: datetime | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    comparison: Comparison | None = None
    validated_at: datetime | None = None

    @property
    def weight(self) -> float:
        """How far beyond its limit it is, in multiples: the worst is told first."""
        return self.value / self.limit if self.limit else self.value

    def done(self, at: datetime, by: str) -> Finding:
        """Somebody, or a change that was seen, carried out the recommendation. Raises `AlreadyDone`."""
        if self.state != "proposed":
            raise AlreadyDone(f"finding {self.finding_id} is {self.state} since {self.done_at}")
        return replace(self, state="done", done_at=at, done_by=by)

    def validated(self, at: datetime, comparison: Comparison) -> Finding:
        """The same was measured again."""
        return replace(self, state="validated", validated_at=at, comparison=comparison)


class AlreadyDone(ValueError):
    """A finding is done once."""


@dataclass(frozen=True, slots=True)
class Report:
    """Findings of a span of time, the worst first, and those of before with what became of them."""

    report_id: str
    kind: ReportKind
    since: datetime
    until: datetime
    made_at: datetime
    title: Texts
    summary: Texts
    findings: tuple[Finding, ...] = ()
    followed_up: tuple[Finding, ...] = ()
    watched: int = 0
    """How many services had measurements in that time."""
