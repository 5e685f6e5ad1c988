"""A branch that is slower is told from a machine that is moody."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent


def module(name: str) -> ModuleType:
    """A program of this folder; they are no package."""
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        sys.modules[name] = made
        spec.loader.exec_module(made)
        return made
    finally:
        sys.path.remove(str(FOLDER))


figures = module("figures")
compare = module("compare")


def runs(name: str, unit: str, ratios: list[float]) -> list[list[object]]:
    return [[figures.Figure(name, 100 * ratio, unit, 100.0, ratio)] for ratio in ratios]


def noisy(around: float, seed: int, spread: float = 0.08) -> list[float]:
    dice = random.Random(seed)
    return [around * (1 + dice.uniform(-spread, spread)) for _ in range(5)]


@pytest.mark.parametrize("seed", range(20))
def test_two_runs_of_the_same_code_on_a_noisy_machine_are_no_regression(seed: int) -> None:
    base, head = (
        runs("events_effect", "1/s", noisy(0.5, seed)),
        runs("events_effect", "1/s", noisy(0.5, seed + 99)),
    )

    assert not any(one.regressed for one in compare.compare(base, head))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("name", "unit", "factor"), [("events_effect", "1/s", 0.7), ("hop_delay_p99", "ms", 1.4)]
)
def test_a_third_slower_is_a_regression_in_the_same_noise(
    seed: int, name: str, unit: str, factor: float
) -> None:
    base, head = runs(name, unit, noisy(0.5, seed)), runs(name, unit, noisy(0.5 * factor, seed + 99))

    assert [one.regressed for one in compare.compare(base, head)] == [True]
    assert [one.regressed for one in compare.compare(head, base)] == [False]


def test_a_slower_machine_is_no_regression_for_the_floor_is_slower_too() -> None:
    base = [[figures.Figure("gateway_accept", 1000.0, "1/s", 1400.0, 0.714)]] * 5
    head = [[figures.Figure("gateway_accept", 500.0, "1/s", 700.0, 0.714)]] * 5

    assert not any(one.regressed for one in compare.compare(base, head))


def test_a_little_slower_in_every_run_is_let_pass() -> None:
    base, head = runs("events_effect", "1/s", [0.5] * 5), runs("events_effect", "1/s", [0.47] * 5)

    assert not any(one.regressed for one in compare.compare(base, head))


def test_too_few_runs_tell_nothing() -> None:
    with pytest.raises(ValueError, match="3 runs of the base and 5 of the head"):
        compare.compare(runs("a", "1/s", [1.0] * 3), runs("a", "1/s", [1.0] * 5))


def test_the_chance_is_that_of_the_published_table() -> None:
    assert compare.chance_of([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]) == pytest.approx(1 / 252)
    assert compare.chance_of([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == 1.0


def test_the_program_fails_on_a_regression_and_on_a_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def kept(side: str, ratio: float) -> list[str]:
        files = [tmp_path / f"{side}-{number}.json" for number in range(5)]
        for file in files:
            figure = {"name": "gateway_accept", "value": 100.0, "unit": "1/s", "floor": 140.0, "ratio": ratio}
            file.write_text(json.dumps([figure]))
        return [str(file) for file in files]

    def verdict(base: float, head: float) -> int:
        monkeypatch.setattr(
            "sys.argv", ["compare.py", "--base", *kept("base", base), "--head", *kept("head", head)]
        )
        code: int = compare.main()
        return code

    assert (verdict(0.7, 0.7), verdict(0.9, 0.7), verdict(0.5, 0.5)) == (0, 1, 1)
    assert "beyond its threshold in deploy/observer_config.json: gateway_accept" in capsys.readouterr().out


def test_each_threshold_is_of_a_figure_that_has_a_direction_and_the_other_way_round() -> None:
    limits = json.loads((FOLDER.parents[1] / "deploy" / "observer_config.json").read_text())["performance"]

    assert limits.keys() == figures.BOUNDS.keys()
    assert figures.EXPECTED["gateway_accept"].at_least == limits["gateway_accept"]
