"""Since when, and whether for sure."""

from random import Random

import pytest

from observer.domain.change import change_point, compare, mann_whitney


def noise(seed: int, level: float, count: int) -> list[float]:
    random = Random(seed)
    return [level * random.lognormvariate(0, 0.2) for _ in range(count)]


def test_a_level_that_rose_is_found_where_it_rose() -> None:
    found = change_point([*noise(1, 0.2, 30), *noise(2, 0.5, 18)])

    assert found is not None
    assert abs(found[0] - 30) <= 1
    assert found[1] < 0.001


def test_noise_has_no_beginning() -> None:
    assert sum(change_point(noise(seed, 1.0, 48)) is not None for seed in range(200)) <= 6


def test_too_few_values_say_nothing() -> None:
    assert change_point([1.0] * 7 + [9.0] * 7) is None
    assert compare([1.0] * 5, [9.0] * 5).judgement == "too_little"


def test_an_improvement_a_worsening_and_neither_are_told_apart() -> None:
    before = noise(3, 0.8, 40)

    assert compare(before, noise(4, 0.3, 40)).judgement == "improved"
    assert compare(before, noise(5, 1.5, 40)).judgement == "worse"
    assert compare(before, noise(6, 0.8, 40)).judgement == "unchanged"


def test_a_sure_difference_that_does_not_matter_is_none() -> None:
    before = [1.0 + index / 10000 for index in range(60)]

    assert compare(before, [value - 0.01 for value in before]).judgement == "unchanged"


def test_one_outlier_decides_nothing() -> None:
    assert compare([1.0, 1.1, 0.9, 1.05] * 5, [1.0, 1.1, 0.9, 1.05] * 4 + [900.0]).judgement == "unchanged"


def test_the_probability_is_that_of_the_tables() -> None:
    # n = 8 and 8 without overlap: U = 0, exactly 2/C(16, 8) = 0.00016; the normal approximation gives 0.00094.
    assert mann_whitney(range(8), range(8, 16)) == pytest.approx(0.00094, rel=0.02)
    assert mann_whitney([1.0] * 9, [1.0] * 9) == 1.0
