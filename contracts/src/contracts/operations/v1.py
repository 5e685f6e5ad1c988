"""Operations, version 1. The tenant of these messages is the fleet itself, `fleet`: they say nothing of any company."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from contracts.envelope import Event
from contracts.values import BlobRef, Value

Severity = Literal["warning", "critical"]
FLEET = "fleet"
"""The tenant id under which the fleet speaks of itself."""


class Texts(Value):
    """The same words in both languages."""

    de: str = Field(min_length=1, description="German.")
    en: str = Field(min_length=1, description="English.")


class ThresholdExceeded(Event):
    """Something in the fleet is beyond its threshold. Of a storm one is said, which tells how many it stands for."""

    aggregate: ClassVar[str] = "alert_id"

    alert_id: str = Field(description="The alert, from its beginning to its recovery.")
    threshold: str = Field(description="The threshold's name in observer_config.json.")
    service: str | None = Field(default=None, description="The service it is about; none: the fleet.")
    subject: str | None = Field(
        default=None, description="What of it: an endpoint, a queue, a replica; none: all of it."
    )
    metric: str = Field(description="What was measured, such as latency_quantile or replica_silent.")
    value: float = Field(description="What was found, in the unit.")
    limit: float = Field(description="What is allowed, in the unit.")
    unit: str = Field(description="The unit, such as ms, percent, messages, bytes/h or 1 for a plain number.")
    severity: Severity = Field(description="A warning is logged and told; a critical one wakes somebody.")
    since: AwareDatetime = Field(description="When the breach began.")
    summary: Texts = Field(description="One sentence for people, that names what and how much.")
    group: str = Field(description="What is told together: one notice per group, then updates of it.")
    update: int = Field(
        default=0,
        ge=0,
        description="0 opens the group's notice; a higher one supplements it with more of the same.",
    )
    others: int = Field(
        default=0, ge=0, description="How many other alerts of the group this one stands for."
    )
    members: tuple[str, ...] = Field(
        default=(),
        max_length=50,
        description="Those of the group that are beyond, in a few words each; at most 50.",
    )


class ThresholdRecovered(Event):
    """What was beyond its threshold is well again. Of a group one is said, when the last of it is."""

    aggregate: ClassVar[str] = "alert_id"

    alert_id: str = Field(description="The alert that the group's notice was opened with.")
    threshold: str = Field(description="The threshold's name in observer_config.json.")
    service: str | None = Field(default=None, description="The service it is about; none: the fleet.")
    subject: str | None = Field(default=None, description="What of it: an endpoint, a queue, a replica.")
    metric: str = Field(description="What was measured.")
    value: float = Field(description="What was found at the recovery, in the metric's unit.")
    since: AwareDatetime = Field(description="When the breach began.")
    recovered_at: AwareDatetime = Field(description="When it ended.")
    severity: Severity = Field(description="As it was told.")
    group: str = Field(description="As it was told.")
    summary: Texts = Field(description="One sentence for people.")


class ScalingRecommended(Event):
    """A service should run with another number of replicas."""

    aggregate: ClassVar[str] = "recommendation_id"

    recommendation_id: str = Field(description="The recommendation.")
    service: str = Field(description="The service.")
    replicas: int = Field(ge=0, description="How many should run.")
    current: int = Field(ge=0, description="How many run now.")
    reason: Texts = Field(description="Why, for people.")
    advice_id: str | None = Field(default=None, description="The advice that it follows from, if any.")
    message: str | None = Field(
        default=None, description="The message whose queue decides it, by its routing key."
    )
    p95_seconds: float | None = Field(
        default=None,
        ge=0,
        description="What 95 of 100 such messages take at most now, from their arrival on.",
    )
    expected_p95_seconds: float | None = Field(
        default=None, ge=0, description="The same as expected with the recommended replicas."
    )
    at_least_seconds: float | None = Field(default=None, ge=0, description="The lower end of its band.")
    at_most_seconds: float | None = Field(default=None, ge=0, description="The upper end of its band.")


class ReportPublished(Event):
    """A report on how the fleet runs can be read."""

    aggregate: ClassVar[str] = "report_id"

    report_id: str = Field(description="The report.")
    kind: Literal["daily", "weekly", "monthly", "on_demand"] = Field(description="What it covers.")
    since: AwareDatetime = Field(description="Where its time begins.")
    until: AwareDatetime = Field(description="Where it ends; this moment is not part of it.")
    title: Texts = Field(description="Its title.")
    summary: Texts = Field(description="What it says, in a few sentences.")
    documents: tuple[BlobRef, ...] = Field(default=(), description="The report as files, such as a PDF.")


class WatchKept(Event):
    """The Observer lives and watches. Whoever hears this no more in time must tell people: nobody watches."""

    aggregate: ClassVar[str] = "observer_id"

    observer_id: str = Field(description="The Observer's process.")
    kept_at: AwareDatetime = Field(description="When it was said.")
    next_within_seconds: float = Field(gt=0, description="In how many seconds at most it is said again.")
    blind: tuple[str, ...] = Field(
        default=(), description="What it cannot see at the moment, such as rabbitmq or its own database."
    )
