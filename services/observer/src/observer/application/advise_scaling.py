"""Advise how many replicas each service should have, and hold old advice against what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.operations.v1 import ScalingRecommended
from contracts.operations.v1 import Texts as Words
from observer.application.advice_ports import AdviceRecords, ScalingRules
from observer.application.gather_evidence import GatherEvidence, QueueEvidence
from observer.application.ports import Clock
from observer.domain.advice import Advice, Inputs, Outcome, error_percent
from observer.domain.demand import Demand, TooLittle, fit
from observer.domain.explanation import explain
from observer.domain.forecast import Forecast, forecast
from observer.domain.scaling import Advised, Decision, Queue, Rules, Situation, decide
from observer.domain.series import Span

Mint = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Windows:
    """What is looked back on: the last minutes in small steps, and the longest window in larger ones."""

    recent: timedelta = timedelta(minutes=30)
    recent_step: timedelta = timedelta(seconds=15)
    longest: timedelta = timedelta(hours=24)
    longest_step: timedelta = timedelta(minutes=5)


class AdviseScaling:
    """Judges services; every method raises `WatchOutage`."""

    def __init__(
        self, evidence: GatherEvidence, records: AdviceRecords, rules: ScalingRules, *, windows: Windows, clock: Clock, mint: Mint
    ) -> None:  # fmt: skip
        self._evidence = evidence
        self._records = records
        self._rules = rules
        self._windows = windows
        self._clock = clock
        self._mint = mint
        self._watching_since = clock()

    async def all(self) -> list[Advice]:
        """Judge every service; returns what is new."""
        new = list[Advice]()
        for service in await self._rules.services():
            advice = await self.of(service)
            if advice is not None:
                new.append(advice)
        return new

    async def of(self, service: str) -> Advice | None:
        """Judge one service; None when nothing else is to be said than before, or nobody knows the service."""
        rules = await self._rules.of(service)
        if rules is None:
            return None
        found = await self._situation(service, rules)
        if found is None:
            return None
        situation, demands = found
        decision = decide(situation, rules)
        advice = self._advice(service, situation, decision, demands, rules)
        latest, change = await self._records.latest(service), await self._records.last_change(service)
        unheeded = change is not None and all(one.at < change.given_at for one in situation.changes)
        if advice.repeats(latest) or (advice.is_a_change and unheeded and advice.repeats(change)):
            return None
        await self._records.keep(advice, *self._news(advice))
        return advice

    async def replicas(self, service: str) -> tuple[int, Advice | None] | None:
        """How many replicas an autoscaler should run; None for an unknown service.

        Advice that stands is repeated until it is carried out. With no evidence, and after somebody else's change, it is
        what runs now: an autoscaler that asks then changes nothing. 0 says that nothing was seen yet.
        """
        rules = await self._rules.of(service)
        if rules is None:
            return None
        now = self._clock()
        current, _ = await self._evidence.replicas(service, now - self._windows.recent, now)
        latest, change = await self._records.latest(service), await self._records.last_change(service)
        safe = max(rules.minimum, current) if current else 0
        if latest is None or latest.because == "somebody_else" or change is None:
            return safe, latest
        stands = latest.is_a_change or (latest.because == "settling" and change.given_at <= latest.given_at)
        return (min(rules.maximum, max(rules.minimum, change.replicas)) if stands else safe), latest

    async def check(self) -> list[Advice]:
        """Hold advice against what was measured after it took effect; returns what was checked."""
        now, checked = self._clock(), list[Advice]()
        for advice in await self._records.unchecked(now - self._windows.recent):
            outcome = await self._outcome(advice, now)
            if outcome is not None:
                await self._records.check(advice.advice_id, outcome)
                checked.append(advice.checked(outcome))
        return checked

    async def _situation(
        self, service: str, rules: Rules
    ) -> tuple[Situation, dict[str, tuple[Demand, int]]] | None:
        """All that is known of a service; None of one of which no replica is seen."""
        now, windows = self._clock(), self._windows
        replicas, changes = await self._evidence.replicas(service, now - windows.longest, now)
        if not replicas:
            return None
        recent = await self._evidence.queues(service, Span(now - windows.recent, now, windows.recent_step))
        longest = dict[str, QueueEvidence]()
        if replicas > rules.minimum:  # else nothing can be taken away, which is what it is for
            span = Span(now - windows.longest, now, windows.longest_step)
            longest = {one.message: one for one in await self._evidence.queues(service, span)}
        queues, demands, missing = list[Queue](), dict[str, tuple[Demand, int]](), list[str]()
        for one in recent:
            servers = one.servers * max(replicas, 1)
            try:
                demand = fit(one.observed, servers=servers).waiting_now(one.waiting)
            except TooLittle as little:
                if one.observed.arrived:
                    missing.append(f"{one.message}: {little}")
                continue
            demands[one.message] = demand, servers
            queues.append(
                Queue(
                    one.message, one.p95, _forecasts(demand, one.servers),
                    _forecasts(_longest(longest.get(one.message), demand, servers), one.servers), demand.observations,
                )
            )  # fmt: skip
        last = await self._records.last_change(service)
        advised = None if last is None else Advised(last.given_at, last.replicas)
        return Situation(now, self._watching_since, replicas, queues, changes, advised, missing), demands

    def _advice(
        self, service: str, situation: Situation, decision: Decision, demands: dict[str, tuple[Demand, int]], rules: Rules
    ) -> Advice:  # fmt: skip
        queue, then = decision.queue, decision.then
        return Advice(
            advice_id=self._mint(), service=service, given_at=situation.now, verdict=decision.verdict,
            because=decision.because, current=situation.replicas, replicas=decision.replicas,
            reason=explain(service, situation.replicas, decision, rules),
            message=queue.message if queue else None,
            p95_now=queue.measured if queue and queue.measured is not None else decision.now.p95 if decision.now else None,
            p95_predicted=then.p95 if then else None, low=then.low if then else None, high=then.high if then else None,
            inputs=_inputs(*demands[queue.message], decision.now) if queue and decision.now else None,
        )  # fmt: skip

    def _news(self, advice: Advice) -> list[ScalingRecommended]:
        if not advice.is_a_change:
            return []
        return [
            ScalingRecommended(
                recommendation_id=advice.advice_id, service=advice.service, replicas=advice.replicas,
                current=advice.current, reason=Words(de=advice.reason.de, en=advice.reason.en),
                advice_id=advice.advice_id, message=advice.message, p95_seconds=advice.p95_now,
                expected_p95_seconds=advice.p95_predicted, at_least_seconds=advice.low, at_most_seconds=advice.high,
            )
        ]  # fmt: skip

    async def _outcome(self, advice: Advice, now: datetime) -> Outcome | None:
        """What was measured in a window that lies wholly after the change; None as long as there is none."""
        rules = await self._rules.of(advice.service)
        if rules is None or advice.message is None or advice.p95_predicted is None:
            return None
        _, changes = await self._evidence.replicas(
            advice.service, advice.given_at - timedelta(minutes=5), now
        )
        took = next(
            (one.at for one in changes if one.at >= advice.given_at and one.replicas == advice.replicas), None
        )
        if took is None:
            return None
        since = took + rules.settle_out
        until = since + self._windows.recent
        if until > now or any(took < one.at < until for one in changes):
            return None
        span = Span(since, until, self._windows.recent_step)
        found = {one.message: one for one in await self._evidence.queues(advice.service, span)}.get(
            advice.message
        )
        if found is None or found.p95 is None:
            return None
        return Outcome(
            took, now, found.p95, error_percent(advice.p95_predicted, found.p95), _model_error(found, advice)
        )


def _model_error(found: QueueEvidence, advice: Advice) -> float | None:
    """How far the model is off when it is given the load that came."""
    servers = found.servers * advice.replicas
    try:
        expected = forecast(fit(found.observed, servers=servers), servers=servers)
    except TooLittle:
        return None
    return error_percent(expected.p95, found.p95) if found.p95 else None


def _longest(evidence: QueueEvidence | None, recent: Demand, servers: int) -> Demand:
    """The demand of the longest window; where there is too little of it, the recent one stands for it."""
    if evidence is None:
        return recent
    try:
        return fit(evidence.observed, servers=servers)
    except TooLittle:
        return recent


def _forecasts(demand: Demand, servers: int) -> Callable[[int], Forecast]:
    """Forecasts by replicas, each made once."""
    known = dict[int, Forecast]()

    def of(replicas: int) -> Forecast:
        if replicas not in known:
            known[replicas] = forecast(demand, servers=servers * replicas)
        return known[replicas]

    return of


def _inputs(demand: Demand, servers: int, now: Forecast) -> Inputs:
    return Inputs(
        rate=demand.rate, arrival_scv=demand.arrival_scv, batch=demand.batch, service_mean=demand.service.mean,
        service_scv=demand.service.scv, servers=servers, waiting=demand.waiting, observations=demand.observations,
        utilisation=now.utilisation, peak=now.peak,
    )  # fmt: skip
