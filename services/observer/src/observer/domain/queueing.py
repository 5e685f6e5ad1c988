"""The queue with c servers: how long messages wait, and how long they take in all.

Sources. Erlang C: A. K. Erlang 1917, by the recursion of Erlang B. The mean wait of G/G/c: A. O. Allen, "Probability,
Statistics, and Queueing Theory" (1990), §5.5, Allen–Cunneen, W ≈ W(M/M/c)·(ca²+cs²)/2; with the correction φ, the probability
of waiting and the variance of the conditional wait by W. Whitt, "Approximations for the GI/G/m queue", Production and
Operations Management 2 (1993), 114–161, equations 2.14 to 2.25, 3.8 and 4.x. Kimura's and Whitt's corrections agree with
Allen–Cunneen where arrivals and services vary as much as exponential ones, and tell more where they vary less.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, inf, sqrt

from observer.domain.histogram import Points


def erlang_b(servers: int, offered: float) -> float:
    """The probability that all of c servers without a queue are busy; `offered` is λ·E[S], in Erlang."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """The probability that an arrival has to wait in M/M/c; 1 when the servers cannot keep up."""
    if offered >= servers:
        return 1.0
    blocked = erlang_b(servers, offered)
    return servers * blocked / (servers - offered * (1 - blocked))


@dataclass(frozen=True, slots=True)
class Load:
    """What comes, and what serves it: `rate` in messages per second, squared coefficients of variation without unit.

    `batch` is how many messages come at one moment on average; then `arrival_scv` is that of the gaps between batches.
    """

    rate: float
    arrival_scv: float
    service: Points
    servers: int
    batch: float = 1.0

    def __post_init__(self) -> None:
        if self.rate < 0 or self.arrival_scv < 0 or self.servers < 1 or self.batch < 1:
            raise ValueError(
                f"no such load: {self.rate} messages/s, ca² {self.arrival_scv}, {self.servers} servers"
            )

    @property
    def utilisation(self) -> float:
        """ρ = λ·E[S]/c: the share of the servers' time that is needed."""
        return self.rate * self.service.mean / self.servers

    @property
    def stable(self) -> bool:
        """Whether the servers can keep up."""
        return self.utilisation < 1

    @property
    def capacity(self) -> float:
        """Messages per second that the servers can do."""
        return self.servers / self.service.mean if self.service.mean else inf


@dataclass(frozen=True, slots=True)
class Wait:
    """The stationary waiting time: nothing with probability 1 − `probability`, else positive.

    Its positive part is a mixture of exponentials or a sum of two, chosen by mean and variation (Whitt 1993, §4).
    """

    probability: float
    mean: float
    conditional_scv: float

    def beyond(self, seconds: float) -> float:
        """P(W > seconds)."""
        if seconds < 0:
            return 1.0
        if not self.probability or not self.mean:
            return 0.0
        conditional = self.mean / self.probability
        return self.probability * _beyond(seconds / conditional, self.conditional_scv)


def stationary_wait(load: Load) -> Wait:
    """The wait once the queue has settled. Raises `ValueError` when it never does (ρ ≥ 1)."""
    if not load.stable:
        raise ValueError(f"{load.utilisation:.2f} of the servers' time is needed: the queue only grows")
    if not load.rate or not load.service.mean:
        return Wait(0.0, 0.0, 1.0)
    cs, ca, rho, servers = load.service.scv, load.arrival_scv, load.utilisation, load.servers
    waits = erlang_c(servers, rho * servers)
    exponential = waits * load.service.mean / (servers * (1 - rho))
    mean = _correction(rho, ca, cs, servers) * (ca + cs) / 2 * exponential
    probability = _probability(rho, ca, cs, servers, waits)
    third = 3 * cs * (1 + cs) if cs >= 1 else (2 * cs + 1) * (cs + 1)
    conditional = 2 * rho - 1 + 4 * (1 - rho) * third / (3 * (cs + 1) ** 2)
    single = Wait(probability, mean, max(conditional, 0.0))
    return single if load.batch == 1 else _in_batches(load, single, waits)


def _in_batches(load: Load, single: Wait, waits: float) -> Wait:
    """The wait of a message that comes in a batch of geometric size: for the batches before, and within its own.

    For one server and Poisson batches this is the exact mean (Kleinrock, "Queueing Systems" I, §4.7; Chaudhry and Templeton
    1983); for more servers the free ones, c·(1 − ρ)/(1 − C) on average when not all are busy, take the first of a batch.
    """
    rho, servers, mean_service = load.utilisation, load.servers, load.service.mean
    free = servers * (1 - rho) / (1 - waits) if waits < 1 else 1.0
    others = (1 - 1 / load.batch) ** free
    within = load.batch * others * mean_service / (servers * (1 - rho))
    at_once = (1 - single.probability) * (1 - others)
    return Wait(1 - at_once, single.mean + within, 1.0)


def _correction(rho: float, ca: float, cs: float, servers: int) -> float:
    """φ(ρ, ca², cs², c) of Whitt 1993, equations 2.14 to 2.25."""
    gamma = min(0.24, (1 - rho) * (servers - 1) * (sqrt(4 + 5 * servers) - 2) / (16 * servers * rho))
    one = 1 + gamma
    three = (1 - 4 * gamma) * exp(-2 * (1 - rho) / (3 * rho))
    both = (ca + cs) / 2
    psi = 1.0 if both >= 1 else min(1.0, (one + three) / 2) ** (2 * (1 - both))
    if ca > cs:
        return (4 * (ca - cs) * one + cs * psi) / (4 * ca - 3 * cs)
    if ca < cs:
        return ((cs - ca) * three + (cs + 3 * ca) * psi) / (2 * (ca + cs))
    return psi


def _probability(rho: float, ca: float, cs: float, servers: int, waits: float) -> float:
    """P(W > 0), Whitt 1993, §3: Erlang C, moved by how much more or less the arrivals and services vary."""
    if not ca and not cs:
        return 0.0
    spare = (1 - rho) * sqrt(servers)
    base = _upper_tail(spare)
    if not base:
        return waits
    heavy = _upper_tail((1 + cs) * spare / (ca + cs)) / base * waits
    light = _upper_tail(2 * spare / (1 + ca)) / base * waits
    return min(1.0, rho**2 * min(1.0, heavy) + (1 - rho**2) * min(1.0, light))


def _upper_tail(x: float) -> float:
    return 0.5 * erfc(x / sqrt(2))


def _beyond(x: float, scv: float) -> float:
    """P(D > x) for D of mean 1 and this squared coefficient of variation (Whitt 1993, §4)."""
    if scv > 1.01:
        # Two exponentials, each carrying half of the mean.
        share = (1 + sqrt((scv - 1) / (scv + 1))) / 2
        return share * exp(-2 * share * x) + (1 - share) * exp(-2 * (1 - share) * x)
    if scv >= 0.99:
        return exp(-x)
    if scv > 0.501:
        # The sum of two exponentials of different means.
        first = (1 + sqrt(2 * scv - 1)) / 2
        second = 1 - first
        return (first * exp(-x / first) - second * exp(-x / second)) / (first - second)
    return exp(-2 * x) * (1 + 2 * x)
