"""The chart's values and what it is rendered to, as its tests look at them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[4]
CHART = ROOT / "helm" / "frontdesk"
ENVIRONMENTS = ("dev", "stage", "prod")

Object = dict[str, Any]
"""One object of Kubernetes."""
Render = Callable[..., list[Object]]


def values_of(environment: str) -> dict[str, Any]:
    """What an environment's file of values says."""
    values: dict[str, Any] = yaml.safe_load(
        (CHART / f"values-{environment}.yaml").read_text(encoding="utf-8")
    )
    return values


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Values over values, as Helm lays them."""
    result = copy.deepcopy(dict(below))
    for name, value in above.items():
        under = result.get(name)
        result[name] = (
            merged(under, value) if isinstance(value, Mapping) and isinstance(under, dict) else value
        )
    return result


def of_kind(objects: Sequence[Object], kind: str) -> dict[str, Object]:
    """The objects of one kind by name."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}
