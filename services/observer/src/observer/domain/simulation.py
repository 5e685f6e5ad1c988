"""A queue with c servers, played through message by message: what the model is held against, and what "what if" shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heapreplace
from math import log, pi, sin
from random import Random

_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Served:
    """One message: when it came, how long it waited, how long it was served; in seconds."""

    arrived: float
    waited: float
    served: float

    @property
    def sojourn(self) -> float:
        """From its arrival to its end."""
        return self.waited + self.served


def simulate(arrivals: Iterable[float], services: Iterator[float], *, servers: int) -> list[Served]:
    """First come, first served, by c servers; `arrivals` are moments in rising order."""
    free = [0.0] * servers
    heapify(free)
    done: list[Served] = []
    for arrived in arrivals:
        begins = free[0] if free[0] > arrived else arrived
        service = next(services)
        heapreplace(free, begins + service)
        done.append(Served(arrived, begins - arrived, service))
    return done


def steady(random: Random, *, rate: float, count: int) -> Iterator[float]:
    """Poisson: arrivals that know nothing of each other."""
    now = 0.0
    for _ in range(count):
        now += random.expovariate(rate)
        yield now


def bursty(random: Random, *, rate: float, count: int, scv: float = 4.0) -> Iterator[float]:
    """Hyperexponential gaps of balanced means: many short ones, now and then a long one."""
    share = (1 + ((scv - 1) / (scv + 1)) ** 0.5) / 2
    now = 0.0
    for _ in range(count):
        fast = random.random() < share
        now += random.expovariate(2 * rate * (share if fast else 1 - share))
        yield now


def batches(random: Random, *, rate: float, count: int, size: float = 3.0) -> Iterator[float]:
    """Groups of a geometric size at one moment, the groups Poisson: a mailbox that is polled."""
    now, left = 0.0, 0
    for _ in range(count):
        if not left:
            now += random.expovariate(rate / size)
            left = 1 + int(log(1 - random.random()) / log(1 - 1 / size))
        left -= 1
        yield now


def regular(random: Random, *, rate: float, count: int, jitter: float = 0.1) -> Iterator[float]:
    """A clock's beat with a little jitter: a poller, an export."""
    for index in range(count):
        yield (index + jitter * random.random()) / rate


def ramp(random: Random, *, low: float, high: float, length: float = _DAY) -> Iterator[float]:
    """One day: from the night's rate up to the noon's and back, Poisson, thinned from the highest rate."""
    now = 0.0
    while (now := now + random.expovariate(high)) < length:
        rate = low + (high - low) * sin(pi * now / length) ** 2
        if random.random() * high < rate:
            yield now


def step(
    random: Random, *, before: float, after: float, at: float, length: float, backlog: int = 0
) -> Iterator[float]:
    """One rate, and from a moment on another, with messages that all come at that moment (a mailbox that was locked)."""
    now, rate, stepped = 0.0, before, False
    while now < length:
        following = now + random.expovariate(rate)
        if not stepped and following >= at:
            stepped, now, rate = True, at, after
            yield from [at] * backlog
            continue
        now = following
        if now < length:
            yield now


def exponential(random: Random, mean: float) -> Iterator[float]:
    """Service times that vary as exponential ones: cs² = 1."""
    while True:
        yield random.expovariate(1 / mean)


def lognormal(random: Random, mean: float, scv: float) -> Iterator[float]:
    """Service times of that mean and squared coefficient of variation, as those of vendors are."""
    spread = log(1 + scv)
    while True:
        yield random.lognormvariate(log(mean) - spread / 2, spread**0.5)


def constant(mean: float) -> Iterator[float]:
    """Service times that do not vary."""
    while True:
        yield mean
