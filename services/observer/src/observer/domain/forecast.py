"""How long messages will take with so many servers, while a demand goes on as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import erfc, exp, inf, sqrt

from observer.domain.demand import Demand
from observer.domain.queueing import Load, Wait, stationary_wait

SHARE = 0.95
_POINTS = 24
_SLICES = 12
_BACKLOG_SLICES = 16
_MODEL_ERROR = 0.2
"""How far the model itself may be off within the range it was tested in (`tests/unit/test_forecast.py`)."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected: seconds that 95 % of the messages do not exceed, from when they came to when they are settled.

    `low` and `high` are where that is expected to lie, by the evidence and the model's own error; `wait` is the 95 %
    quantile of the waiting alone; `waiting_share` is how much of the mean time is waiting; `drain` is how long a backlog
    takes to be worked off, infinite when it only grows.
    """

    servers: int
    p95: float
    low: float
    high: float
    wait: float
    waiting_share: float
    utilisation: float
    peak: float
    drain: float


@dataclass(frozen=True, slots=True)
class _Slice:
    """Messages that arrive alike: how many, and how likely one of them waits longer than so many seconds."""

    weight: float
    beyond: Callable[[float], float]


def forecast(demand: Demand, *, servers: int) -> Forecast:
    """What this demand leads to with so many servers."""
    slices = _slices(demand, servers)
    p95, wait = _sojourn(slices, demand), _quantile(slices, lambda beyond, at: beyond(at))
    low, high = _band(demand, servers, p95)
    mean = demand.service.mean
    utilisation = demand.rate * mean / servers
    waiting = _mean(slices, wait)
    return Forecast(
        servers=servers, p95=p95, low=low, high=high, wait=wait,
        waiting_share=waiting / (waiting + mean) if mean else 0.0, utilisation=utilisation,
        peak=max(stretch.rate for stretch in demand.stretches) * mean / servers,
        drain=_drain(demand, servers),
    )  # fmt: skip


def _band(demand: Demand, servers: int, p95: float) -> tuple[float, float]:
    lower = demand.scaled(1 - min(1.96 * demand.error, 0.9))
    upper = demand.scaled(1 + 1.96 * demand.error)
    if demand.unsure_batches > 1:
        upper = replace(upper, batch=demand.unsure_batches, arrival_scv=1.0)
    low = _sojourn(_slices(lower, servers), lower)
    high = _sojourn(_slices(upper, servers), upper)
    return min(low, p95) * (1 - _MODEL_ERROR), max(high, p95) * (1 + _MODEL_ERROR)


def _sojourn(slices: list[_Slice], demand: Demand) -> float:
    service = demand.service.coarser(_POINTS)
    points = list(zip(service.seconds, service.weights, strict=True))
    return _quantile(slices, lambda beyond, at: sum(mass * beyond(at - took) for took, mass in points))


def _drain(demand: Demand, servers: int) -> float:
    """Seconds until a backlog is gone, by the flow alone, at the rate of the last stretch."""
    if not demand.waiting:
        return 0.0
    spare = servers / demand.service.mean - demand.stretches[-1].rate
    return demand.waiting / spare if spare > 0 else inf


def _slices(demand: Demand, servers: int) -> list[_Slice]:
    """The time cut so that within a slice all arrivals meet the same queue.

    A queue that is stable and has settled is stationary (pointwise stationary approximation, Green and Kolesar 1991). One
    that begins with a backlog, or cannot keep up, is a reflected Brownian motion from its backlog (Harrison 1985, §1.8).
    """
    each = demand.service.mean / servers
    backlog, standing = 0.0, demand.waiting
    slices: list[_Slice] = []
    settled = True
    for stretch in demand.stretches:
        standing += stretch.surge
        load = Load(stretch.rate, demand.arrival_scv, demand.service, servers, demand.batch)
        wait = stationary_wait(load) if load.stable else None
        if wait is not None and wait.beyond(backlog + standing * each) > 0.01 and settled:
            slices.append(_Slice(stretch.rate * stretch.seconds + stretch.surge, wait.beyond))
            backlog = standing = 0.0
            continue
        slices += _standing(standing, backlog, each)
        backlog, standing = backlog + standing * each, 0.0
        drift = 1 - load.utilisation
        for begin, end in _cuts(stretch.seconds, 2 * backlog / drift if drift > 0 else stretch.seconds):
            moving = _moving(load, wait, backlog, (begin + end) / 2)
            slices.append(_Slice(stretch.rate * (end - begin), moving))
        backlog = max(0.0, backlog - drift * stretch.seconds)
        settled = wait is not None and wait.beyond(backlog) > 0.01
    return slices


def _cuts(seconds: float, busy: float) -> list[tuple[float, float]]:
    """Where a stretch is cut: finely as long as a backlog is worked off, then coarsely."""
    edge = min(busy, seconds)
    ends = [edge * (index + 1) / _SLICES for index in range(_SLICES)]
    ends += [edge + (seconds - edge) * (index + 1) / 3 for index in range(3)] if edge < seconds else []
    return [(begin, end) for begin, end in zip([0.0, *ends], ends, strict=False) if end > begin]


def _standing(messages: float, backlog: float, each: float) -> list[_Slice]:
    """Those that stand in the queue at one moment: the last of them waits for all others, `each` so many seconds."""
    if not messages:
        return []

    def waits(seconds: float) -> Callable[[float], float]:
        return lambda at: 1.0 if at < seconds else 0.0

    return [
        _Slice(messages / _BACKLOG_SLICES, waits(backlog + messages * each * (index + 0.5) / _BACKLOG_SLICES))
        for index in range(_BACKLOG_SLICES)
    ]


def _moving(load: Load, wait: Wait | None, backlog: float, elapsed: float) -> Callable[[float], float]:
    """P(W > x) after so many seconds, from a backlog (in seconds of waiting) on."""
    drift = 1 - load.utilisation
    varies = load.arrival_scv if load.batch == 1 else 2 * load.batch - 1
    variance = load.rate * (load.service.mean / load.servers) ** 2 * (varies + load.service.scv)
    spread = sqrt(variance * elapsed) or 1e-9

    def beyond(at: float) -> float:
        if at < 0:
            return 1.0
        straight = _tail((at - backlog + drift * elapsed) / spread)
        reflected = _tail((at + backlog - drift * elapsed) / spread)
        if wait is not None:
            return min(1.0, straight + wait.beyond(at) * reflected)
        power = min(-2 * drift * at / variance, 700.0) if variance else 0.0
        return min(1.0, straight + (exp(power) * reflected if reflected > 1e-300 else 0.0))

    return beyond


def _tail(x: float) -> float:
    return 0.5 * erfc(x / sqrt(2))


def _quantile(slices: list[_Slice], beyond: Callable[[Callable[[float], float], float], float]) -> float:
    whole = sum(one.weight for one in slices)
    if not whole:
        return 0.0

    def above(at: float) -> float:
        return sum(one.weight * beyond(one.beyond, at) for one in slices) / whole

    if above(0.0) <= 1 - SHARE:
        return 0.0
    low, high = 0.0, 1.0
    while above(high) > 1 - SHARE and high < 1e8:
        low, high = high, high * 2
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) > 1 - SHARE else (low, middle)
    return high


def _mean(slices: list[_Slice], quantile: float) -> float:
    """The mean wait, by the area under the tail."""
    whole = sum(one.weight for one in slices)
    longest = 3 * quantile
    if not whole or not longest:
        return 0.0
    step = longest / 20
    return (
        sum(one.weight * one.beyond((index + 0.5) * step) for one in slices for index in range(20))
        * step
        / whole
    )
