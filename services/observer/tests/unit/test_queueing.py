"""The formulas against what is printed in books, and the histogram against the values it was made of."""

from bisect import bisect_left
from math import isclose
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observer.domain.histogram import Histogram, Points
from observer.domain.queueing import Load, erlang_b, erlang_c, stationary_wait

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


def histogram(values: list[float]) -> Histogram:
    counts = [0.0] * (len(BOUNDS) + 1)
    for value in values:
        counts[bisect_left(BOUNDS, value)] += 1
    return Histogram(BOUNDS, tuple(counts), sum(values), sum(value * value for value in values))


def exponential(mean: float) -> Points:
    random = Random(7)
    return histogram([random.expovariate(1 / mean) for _ in range(20000)]).points()


@pytest.mark.parametrize(
    ("servers", "offered", "blocked"),
    [(1, 0.5, 1 / 3), (2, 1.0, 0.2), (10, 5.0, 0.018385), (5, 3.0, 0.110054)],
)
def test_erlang_b_is_as_in_the_tables(servers: int, offered: float, blocked: float) -> None:
    assert isclose(erlang_b(servers, offered), blocked, rel_tol=1e-4)


@pytest.mark.parametrize(("servers", "offered", "waits"), [(1, 0.7, 0.7), (2, 1.0, 1 / 3), (2, 2.0, 1.0)])
def test_erlang_c_is_as_in_the_tables(servers: int, offered: float, waits: float) -> None:
    assert isclose(erlang_c(servers, offered), waits, rel_tol=1e-9)


@pytest.mark.parametrize("servers", [1, 2, 4])
@pytest.mark.parametrize("rho", [0.3, 0.6, 0.9])
def test_poisson_arrivals_and_exponential_work_wait_as_in_an_m_m_c_queue(servers: int, rho: float) -> None:
    service = exponential(1.0)
    wait = stationary_wait(Load(rho * servers / service.mean, 1.0, service, servers))
    waits = erlang_c(servers, rho * servers)

    assert isclose(wait.mean, waits * service.mean / (servers * (1 - rho)), rel_tol=0.03)
    assert isclose(wait.beyond(0.0), waits, rel_tol=0.03)
    assert isclose(wait.conditional_scv, 1.0, abs_tol=0.05)


def test_constant_work_halves_the_wait_of_one_server() -> None:
    wait = stationary_wait(Load(0.8, 1.0, Points((1.0,), (1.0,)), 1))

    assert isclose(wait.mean, 0.8 / (2 * 0.2), rel_tol=1e-6)  # Pollaczek and Khinchine


def test_batches_at_one_server_wait_as_long_as_the_exact_formula_says() -> None:
    service = exponential(1.0)
    rate, batch = 0.5 / service.mean, 3.0

    wait = stationary_wait(Load(rate, 1.0, service, 1, batch))

    exact = 0.5 * service.mean * (1 + service.scv) / (2 * 0.5) + 2 * service.mean / 0.5
    assert isclose(wait.mean, exact, rel_tol=0.01)
    assert isclose(wait.probability, 1 - 0.5 / 3, rel_tol=0.01)


def test_a_queue_that_cannot_keep_up_has_no_settled_wait() -> None:
    with pytest.raises(ValueError, match="only grows"):
        stationary_wait(Load(2.0, 1.0, Points((1.0,), (1.0,)), 2))


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 20), st.floats(0.05, 3.0), st.integers(0, 1000))
def test_a_histogram_gives_back_the_mean_the_variation_and_the_masses_of_what_it_counted(
    mean: float, scv: float, seed: int
) -> None:
    random, shape = Random(seed), 1 / scv
    counted = histogram([random.gammavariate(shape, mean / shape) for _ in range(800)])

    points = counted.points()

    assert isclose(points.mean, counted.mean, rel_tol=0.03, abs_tol=0.001)
    assert isclose(sum(points.weights), 1.0, rel_tol=1e-9)
    below = sum(weight for at, weight in zip(points.seconds, points.weights, strict=True) if at <= 0.5)
    assert isclose(below, sum(counted.counts[:7]) / 800, abs_tol=1e-9)


def test_a_quantile_between_coarse_bounds_is_told_by_the_moments() -> None:
    random = Random(3)
    values = [random.lognormvariate(-1.0, 0.3) for _ in range(5000)]

    assert isclose(histogram(values).points().quantile(0.95), sorted(values)[4750], rel_tol=0.05)


def test_two_durations_add_up() -> None:
    both = exponential(1.0).plus(Points((2.0,), (1.0,)))

    assert isclose(both.mean, exponential(1.0).mean + 2.0, rel_tol=0.01)
    assert isclose(both.quantile(0.95), 2 + exponential(1.0).quantile(0.95), rel_tol=0.03)


def test_an_empty_histogram_says_so() -> None:
    with pytest.raises(ValueError, match="nothing was observed"):
        Histogram((1.0,), (0.0, 0.0), 0.0).points()
