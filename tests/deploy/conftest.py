"""The chart, rendered by Helm's own engine, with each environment's values."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import helm_python
import kubernetes_validate.utils
import pytest
import yaml

from testkit.architecture.tree import Tree
from testkit.chart import CHART, ROOT, Object, Render, merged, values_of


@pytest.fixture(scope="session", autouse=True)
def _schemas_are_read_once() -> Iterator[None]:
    """Kubernetes' definitions are several megabytes, which the validator would read anew for each object."""
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


@pytest.fixture(scope="session")
def chart() -> Iterator[helm_python.Chart]:
    """The chart, loaded as Helm loads it."""
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def render(chart: helm_python.Chart) -> Render:
    """Render one release: an environment's values with more on top, as the objects that Kubernetes would be given."""

    def rendered(environment: str, more: Mapping[str, Any] | None = None) -> list[Object]:
        values = merged(values_of(environment), more or {})
        texts = chart.render(values, name="frontdesk", namespace="frontdesk")
        return [found for text in texts.values() for found in yaml.safe_load_all(text) if found]

    return rendered


@pytest.fixture(scope="session")
def fleets(render: Render) -> dict[str, list[Object]]:
    """Everything that an environment is given: in one release, or shared things first and then service by service."""
    names = [service.name for service in Tree(ROOT).services()]
    return {
        "dev": render("dev"),
        **{
            environment: [
                found for only in ("shared", *names) for found in render(environment, {"only": only})
            ]
            for environment in ("stage", "prod")
        },
    }
