"""Advice: how many replicas, when nothing is said and why, and that it does not swing."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import pi, sin
from random import Random

import pytest

from observer.domain.demand import Demand, Stretch
from observer.domain.explanation import explain
from observer.domain.forecast import Forecast, forecast
from observer.domain.histogram import Points
from observer.domain.scaling import Advised, Change, Queue, Rules, Situation, decide

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=2)
WORK = Points((0.5, 1.0, 2.0, 4.0), (0.25, 0.4, 0.25, 0.1))
RULES = Rules(minimum=1, maximum=8, target=10.0)


def demand(rate: float, *, waiting: float = 0.0, error: float = 0.02) -> Demand:
    return Demand((Stretch(1800.0, rate),), 1.0, 1.0, WORK, waiting, 1500, error)


def forecasts(wanted: Demand, each: int = 1) -> Callable[[int], Forecast]:
    return lambda replicas: forecast(wanted, servers=each * replicas)


def queue(recent: Demand, *, longest: Demand | None = None, measured: float | None = None) -> Queue:
    return Queue(
        "document.received.v1", measured, forecasts(recent), forecasts(longest or recent), recent.observations
    )


def situation(
    queues: Sequence[Queue], replicas: int, *, changes: Sequence[Change] = (), advised: Advised | None = None
) -> Situation:
    return Situation(NOW, LONG_AGO, replicas, queues, changes, advised)


def test_a_queue_that_is_too_slow_gets_the_fewest_replicas_that_meet_the_target() -> None:
    busy = demand(0.62)

    decision = decide(situation([queue(busy, measured=41.0)], 1), RULES)

    assert (decision.verdict, decision.replicas) == ("out", 2)
    assert decision.then is not None
    assert decision.then.p95 <= RULES.target < forecast(busy, servers=1).p95


def test_it_says_what_it_does_in_both_languages() -> None:
    decision = decide(situation([queue(demand(0.62), measured=41.0)], 1), RULES)

    words = explain("ocr", 1, decision, RULES)

    assert words.en.startswith("ocr: +1 replica → p95 41 s → ")
    assert words.de.startswith("ocr: +1 Replikat → p95 41 s → ")
    assert "1.500 Nachrichten" in words.de
    assert "1,500 messages" in words.en
    assert "%" in words.en


def test_what_waits_unacknowledged_and_ready_is_part_of_the_advice() -> None:
    calm = decide(situation([queue(demand(0.3))], 1), RULES)
    backlog = decide(situation([queue(demand(0.3, waiting=400))], 1), RULES)

    assert calm.verdict == "hold"
    assert backlog.verdict == "out"
    assert backlog.now is not None
    assert backlog.now.drain > 300


def test_what_noise_explains_is_no_reason_to_change_anything() -> None:
    near = demand(0.42, error=0.08)
    assert forecast(near, servers=1).low < RULES.target

    decision = decide(situation([queue(near, measured=10.4)], 1), replace(RULES, target=10.2))

    assert (decision.verdict, decision.because) == ("hold", "noise") or forecast(near, servers=1).p95 > 10.2


@pytest.mark.parametrize("replicas", [1, 3])
def test_what_another_autoscaler_does_is_left_alone(replicas: int) -> None:
    changed = Change(NOW - timedelta(minutes=10), replicas)

    decision = decide(situation([queue(demand(3.0), measured=90.0)], replicas, changes=[changed]), RULES)

    assert (decision.verdict, decision.because, decision.replicas) == ("hold", "somebody_else", replicas)
    assert "Somebody else" in explain("ocr", replicas, decision, RULES).en


def test_a_change_that_was_advised_is_given_time_to_work() -> None:
    advised = Advised(NOW - timedelta(minutes=4), 2)
    changed = Change(NOW - timedelta(minutes=3), 2)

    decision = decide(
        situation([queue(demand(3.0), measured=90.0)], 2, changes=[changed], advised=advised), RULES
    )

    assert decision.because == "settling"


def test_advice_that_is_being_carried_out_is_not_given_again() -> None:
    advised = Advised(NOW - timedelta(minutes=2), 3)

    assert decide(situation([queue(demand(3.0))], 2, advised=advised), RULES).because == "settling"


def test_nothing_is_advised_by_an_observer_that_has_just_begun() -> None:
    early = replace(situation([queue(demand(3.0))], 1), watching_since=NOW - timedelta(seconds=30))

    assert decide(early, RULES).because == "just_started"


def test_without_evidence_the_replicas_stay_as_they_are() -> None:
    nothing = replace(situation([], 4), missing=["lead.created.v1: 3 messages came, 200 are needed"])

    decision = decide(nothing, RULES)

    assert (decision.verdict, decision.replicas) == ("hold", 4)
    assert "3 messages came" in explain("crm-sync", 4, decision, RULES).en


def test_a_step_is_no_larger_than_twice_what_runs_and_never_beyond_the_maximum() -> None:
    flood = queue(demand(6.0, waiting=3000), measured=900.0)

    assert decide(situation([flood], 2), RULES).replicas <= 4
    assert decide(situation([flood], 8), RULES).because == "at_maximum"


def test_replicas_that_would_not_help_are_not_advised() -> None:
    slow = Queue(
        "x.v1", 60.0, forecasts(Demand((Stretch(1800, 0.02),), 1.0, 1.0, Points((40.0, 60.0), (0.5, 0.5)), 0, 500, 0.02), 4),
        forecasts(demand(0.1)), 500,
    )  # fmt: skip

    decision = decide(situation([slow], 1), RULES)

    assert (decision.verdict, decision.because) == ("hold", "never_enough")


def test_of_many_replicas_a_step_is_large_enough_for_kubernetes_to_do_it() -> None:
    rules = Rules(maximum=40, target=8.0)
    many = decide(situation([queue(demand(14.2), measured=30.0)], 20), rules)

    assert many.verdict == "out"
    assert many.replicas >= 23  # the HPA leaves alone what differs by a tenth or less


def test_a_replica_goes_only_when_the_longest_window_would_have_borne_it() -> None:
    quiet, busy_morning = (
        demand(0.1),
        Demand((Stretch(3600, 1.2), Stretch(36000, 0.1)), 1.0, 1.0, WORK, 0, 5000, 0.02),
    )

    assert decide(situation([queue(quiet)], 2), RULES).verdict == "in"
    assert decide(situation([queue(quiet, longest=busy_morning)], 2), RULES).verdict == "hold"
    assert decide(situation([queue(quiet)], 1), RULES).because == "within_target"


def test_the_bottleneck_is_the_queue_that_is_worst() -> None:
    fast, slow = queue(demand(0.1)), replace(queue(demand(0.62), measured=40.0), message="slow.v1")

    decision = decide(situation([fast, slow], 1), RULES)

    assert decision.queue is not None
    assert decision.queue.message == "slow.v1"


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 and at most 2"):
        Rules(minimum=3, maximum=2)


@pytest.mark.parametrize("shape", ["noise", "day", "edge"])
@pytest.mark.parametrize("delay", [timedelta(minutes=1), timedelta(minutes=25)])
def test_over_a_day_the_advice_never_swings(shape: str, delay: timedelta) -> None:
    """Twenty-four hours, judged every twenty minutes, followed after a delay: no step back within three hours."""
    steps = day(shape, delay)

    for (before, first), (after, second) in itertools.pairwise(steps):
        turned = (first > 0) != (second > 0)
        assert not turned or after - before > timedelta(hours=3), f"{shape}: {steps}"
    assert len(steps) <= (8 if shape == "day" else 3)


def day(shape: str, delay: timedelta) -> list[tuple[datetime, int]]:
    """The steps of a service whose autoscaler does what it is told, with noise in all that is measured."""
    random, replicas, rates = Random(11), 1, list[float]()
    changes, steps, pending = list[Change](), list[tuple[datetime, int]](), None
    advised: Advised | None = None
    for index in range(72):
        now = NOW + timedelta(minutes=20 * index)
        if pending is not None and now - pending.at >= delay:
            steps.append((now, pending.replicas - replicas))
            replicas = pending.replicas
            changes.append(Change(now, replicas))
            pending = None
        true = rate_of(shape, index)
        rates.append(max(0.01, random.gauss(true * 1200, (true * 1200) ** 0.5) / 1200))
        recent = Demand(
            (Stretch(1800, sum(rates[-2:]) / len(rates[-2:])),), 1.0, 1.0, WORK, 0, int(1800 * true), 0.05
        )
        parts = [sum(rates[at : at + 6]) / len(rates[at : at + 6]) for at in range(0, len(rates), 6)]
        longest = Demand(tuple(Stretch(7200, rate) for rate in parts), 1.0, 1.0, WORK, 0, 5000, 0.02)
        measured = forecast(demand(true), servers=replicas).p95 * random.lognormvariate(0, 0.2)
        decision = decide(
            Situation(now, LONG_AGO, replicas, [queue(recent, longest=longest, measured=measured)], changes[-3:], advised),
            RULES,
        )  # fmt: skip
        if decision.verdict != "hold":
            advised = pending = Advised(now, decision.replicas)
    return steps


def rate_of(shape: str, index: int) -> float:
    if shape == "day":
        return 0.15 + 2.0 * sin(pi * index / 72) ** 2
    return {"noise": 0.35, "edge": 0.47}[shape]
