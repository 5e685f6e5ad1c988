"""How many replicas a service should have, and when to say nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, isfinite
from typing import Literal

from observer.domain.forecast import Forecast

Verdict = Literal["out", "in", "hold"]
Because = Literal[
    "over_target",
    "spare",
    "within_target",
    "noise",
    "no_evidence",
    "just_started",
    "settling",
    "somebody_else",
    "at_maximum",
    "never_enough",
]
TOLERANCE = 0.1
"""The share by which Kubernetes lets a metric differ from its target without doing anything (its HPA's default): a smaller
step than that is never carried out."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What keeps advice from harm. `target` is the p95 in seconds from a message's arrival to its end."""

    minimum: int = 1
    maximum: int = 10
    target: float = 30.0
    spare: float = 0.6
    """Scaling in wants the p95 afterwards below this share of the target: the hysteresis band."""
    most_at_once: float = 2.0
    """Scaling out multiplies the replicas by this at most in one step; scaling in takes one."""
    settle_out: timedelta = timedelta(minutes=5)
    settle_in: timedelta = timedelta(minutes=30)
    """How long nothing is advised after a change: out, and in."""
    start: timedelta = timedelta(minutes=5)
    """How long the Observer has to have watched."""
    hands_off: timedelta = timedelta(minutes=30)
    """How long nothing is advised after somebody else changed the replicas: measurements of a shape that another autoscaler
    or a person is just changing would be answered with a change of that change."""

    def __post_init__(self) -> None:
        if not 0 < self.minimum <= self.maximum:
            raise ValueError(f"at least {self.minimum} and at most {self.maximum} replicas cannot be")
        if self.target <= 0 or not 0 < self.spare < 1:
            raise ValueError("the target is more than 0 seconds, and the spare share between 0 and 1")


@dataclass(frozen=True, slots=True)
class Change:
    """The replicas of a service became `replicas` at a moment."""

    at: datetime
    replicas: int


@dataclass(frozen=True, slots=True)
class Advised:
    """What was last advised."""

    at: datetime
    replicas: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The evidence on one queue, as far as there is any: forecasts are made for any number of replicas.

    `measured` is the p95 that was measured, in seconds; `recent` is forecast from the last minutes with what waits now,
    `longest` from the whole window that is looked back on.
    """

    message: str
    measured: float | None
    recent: Callable[[int], Forecast]
    longest: Callable[[int], Forecast]
    observations: int


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision rests on."""

    now: datetime
    watching_since: datetime
    replicas: int
    queues: Sequence[Queue]
    changes: Sequence[Change] = ()
    advised: Advised | None = None
    missing: Sequence[str] = field(default_factory=list[str])
    """Why queues that had messages could not be judged."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How many replicas, and why: `queue` is the bottleneck, `now` and `then` its forecasts before and after."""

    verdict: Verdict
    because: Because
    replicas: int
    queue: Queue | None = None
    now: Forecast | None = None
    then: Forecast | None = None
    detail: str = ""


def decide(situation: Situation, rules: Rules) -> Decision:
    """Advise a number of replicas, or hold and say why."""
    held = _held(situation, rules)
    if held is not None:
        return held
    current = situation.replicas
    judged = [(queue, queue.recent(current)) for queue in situation.queues]
    queue, now = max(judged, key=lambda pair: max(pair[1].p95, pair[0].measured or 0.0))
    if _over(queue, now, rules):
        return _out(situation, rules, queue, now)
    if now.p95 > rules.target or (queue.measured or 0.0) > rules.target:
        return Decision("hold", "noise", current, queue, now)
    return _in(situation, rules, queue, now)


def _held(situation: Situation, rules: Rules) -> Decision | None:
    """What speaks against saying anything; the current replicas are the safe answer."""
    current = situation.replicas
    if situation.now - situation.watching_since < rules.start:
        return Decision("hold", "just_started", current)
    last = max(situation.changes, key=lambda change: change.at, default=None)
    if last is not None and not _ours(last, situation.advised):
        if situation.now - last.at < rules.hands_off:
            return Decision("hold", "somebody_else", current, detail=last.at.isoformat(timespec="seconds"))
    elif last is not None and situation.now - last.at < rules.settle_out:
        return Decision("hold", "settling", current)
    if not situation.queues or not current:
        return Decision("hold", "no_evidence", current, detail="; ".join(situation.missing))
    pending = situation.advised
    if pending is None or pending.replicas == current or (last is not None and last.at >= pending.at):
        return None
    return Decision("hold", "settling", current) if situation.now - pending.at < rules.settle_out else None


def _ours(change: Change, advised: Advised | None) -> bool:
    """Whether a change is what was advised before it."""
    return advised is not None and advised.at <= change.at and advised.replicas == change.replicas


def _over(queue: Queue, now: Forecast, rules: Rules) -> bool:
    """Whether the target is missed by more than noise: both say so, or the model does for sure."""
    measured = queue.measured is not None and queue.measured > rules.target
    return now.low > rules.target or (measured and now.p95 > rules.target)


def _out(situation: Situation, rules: Rules, queue: Queue, now: Forecast) -> Decision:
    current = situation.replicas
    if current >= rules.maximum:
        return Decision("hold", "at_maximum", current, queue, now)
    reach = min(rules.maximum, max(current + 1, int(current * rules.most_at_once)))
    then = now
    for replicas in range(current + 1, reach + 1):
        then = queue.recent(replicas)
        if then.p95 <= rules.target:
            return Decision("out", "over_target", _carried_out(current, replicas, reach), queue, now, then)
    if not isfinite(then.p95) or then.p95 > 0.9 * now.p95:
        return Decision("hold", "never_enough", current, queue, now, then)
    return Decision("out", "over_target", reach, queue, now, then)


def _carried_out(current: int, wanted: int, reach: int) -> int:
    """The step, at least so large that Kubernetes does it."""
    return min(reach, max(wanted, ceil(current * (1 + TOLERANCE) + 1e-9)))


def _in(situation: Situation, rules: Rules, queue: Queue, now: Forecast) -> Decision:
    current = situation.replicas
    fewer = current - max(1, ceil(current * TOLERANCE + 1e-9))
    if current > rules.maximum:
        fewer = rules.maximum
    last = max(situation.changes, key=lambda change: change.at, default=None)
    within = Decision("hold", "within_target", current, queue, now)
    if fewer < rules.minimum:
        return within
    if last is not None and situation.now - last.at < rules.settle_in:
        return within
    if situation.missing:
        return within
    worst = max((one.longest(fewer) for one in situation.queues), key=lambda forecast: forecast.high)
    recent = max((one.recent(fewer) for one in situation.queues), key=lambda forecast: forecast.high)
    if (
        worst.high > rules.spare * rules.target
        or recent.high > rules.spare * rules.target
        or worst.peak >= 0.9
    ):
        return within
    return Decision("in", "spare", fewer, queue, now, queue.recent(fewer))
