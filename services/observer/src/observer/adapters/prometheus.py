"""Measured series out of Prometheus, when there is one: the same answers as from the Observer's own tables.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/ (`query_range`, `series`). Prometheus extrapolates to
the edges of a window, so that a rise may differ by the share of one scrape interval.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Literal, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from observer.adapters.clients import TooLarge, client, read
from observer.application.ports import WatchOutage
from observer.domain.series import Distribution, Line, Point, Selector, Series, Span

MOST_BYTES = 32 * 1024 * 1024
_NOT_OURS = frozenset({"__name__", "le", "job"})


class _Result(BaseModel):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(BaseModel):
    result: list[_Result]


class _Range(BaseModel):
    status: Literal["success"]
    data: _Data


class _Found(BaseModel):
    status: Literal["success"]
    data: list[dict[str, str]]


_Answer = TypeVar("_Answer", bound=BaseModel)


class PrometheusSeries:
    """The port `SeriesReader` over Prometheus' HTTP API; `url` may hold user and password."""

    def __init__(self, url: str, *, seconds: float) -> None:
        self._seconds = seconds
        self._http = client(url.rstrip("/"), seconds=seconds, connections=8)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def find(self, selector: Selector) -> list[Series]:
        """Series seen within the last week. Raises `WatchOutage`."""
        now = datetime.now(UTC)
        since = (now - timedelta(days=7)).isoformat()
        params = {"match[]": _selected(selector, "(?:_bucket)?"), "start": since, "end": now.isoformat()}
        found = (await self._ask("/api/v1/series", params, _Found)).data
        bounds: dict[tuple[tuple[str, str], ...], set[float]] = {}
        plain: list[Series] = []
        for labels in found:
            if "le" in labels and labels["__name__"] != selector.name:
                bounds.setdefault(_labels(labels), set()).add(float(labels["le"]))
            else:
                kind = "counter" if selector.name.endswith("_total") else "gauge"
                plain.append(Series(selector.name, _labels(labels), kind))
        return [
            *plain,
            *(
                Series(selector.name, labels, "histogram", tuple(sorted(uppers)))
                for labels, uppers in bounds.items()
            ),
        ]

    async def window(self, selector: Selector, span: Span) -> list[Line]:
        """Means by step. Raises `WatchOutage`."""
        return await self._lines(selector, span, "avg_over_time", "gauge")

    async def increases(self, selector: Selector, span: Span) -> list[Line]:
        """Rises by step. Raises `WatchOutage`."""
        return await self._lines(selector, span, "increase", "counter")

    async def distributions(self, selector: Selector, span: Span) -> list[Distribution]:
        """What histograms counted by step. Raises `WatchOutage`."""
        buckets = await self._range(selector, span, "increase", "_bucket")
        sums = {
            (_labels(one.metric), at): value
            for one in await self._range(selector, span, "increase", "_sum")
            for at, value in _points(one, span)
        }
        counted: dict[tuple[tuple[tuple[str, str], ...], datetime], dict[float, float]] = {}
        for one in buckets:
            for at, value in _points(one, span):
                counted.setdefault((_labels(one.metric), at), {})[float(one.metric["le"])] = value
        found: list[Distribution] = []
        for (labels, at), by_bound in counted.items():
            bounds = tuple(sorted(by_bound))
            series = Series(selector.name, labels, "histogram", bounds)
            counts = tuple(by_bound[bound] for bound in bounds)
            found.append(Distribution(series, at, bounds, counts, sums.get((labels, at), 0.0)))
        return found

    async def _lines(
        self, selector: Selector, span: Span, function: str, kind: Literal["gauge", "counter"]
    ) -> list[Line]:
        return [
            Line(
                Series(selector.name, _labels(one.metric), kind),
                tuple(Point(at, value) for at, value in _points(one, span)),
            )
            for one in await self._range(selector, span, function, "")
        ]

    async def _range(self, selector: Selector, span: Span, function: str, ending: str) -> Sequence[_Result]:
        """A function over each step: asked for at its end, where Prometheus looks back."""
        step = f"{span.step.total_seconds():g}s"
        ends = span.since + span.step * len(span.steps)
        params = {
            "query": f"{function}({_selected(selector, ending)}[{step}])",
            "start": (span.since + span.step).isoformat(), "end": ends.isoformat(), "step": step,
        }  # fmt: skip
        return (await self._ask("/api/v1/query_range", params, _Range)).data.result

    async def _ask(self, path: str, params: dict[str, str], form: type[_Answer]) -> _Answer:
        try:
            status, body = await read(self._http, path, seconds=self._seconds, most=MOST_BYTES, params=params)
        except (httpx.HTTPError, TimeoutError, TooLarge) as error:
            raise WatchOutage(f"Prometheus does not answer ({type(error).__name__})") from error
        if status != 200:
            raise WatchOutage(f"Prometheus answers {status}: {body[:200].decode(errors='replace')}")
        try:
            return form.model_validate_json(body)
        except ValidationError as error:
            raise WatchOutage("Prometheus answers in another form than its API says") from error


def _selected(selector: Selector, ending: str) -> str:
    """A selector in PromQL; values are quoted, several are alternatives."""
    name = re.escape(selector.name) + ending
    by_name = f"__name__=~{json.dumps(name)}" if ending.startswith("(") else f"__name__={json.dumps(name)}"
    return "{" + ",".join([by_name, *_conditions(selector.labels)]) + "}"


def _conditions(labels: Mapping[str, str | Sequence[str]]) -> Iterator[str]:
    for name, wanted in labels.items():
        if isinstance(wanted, str):
            yield f"{name}={json.dumps(wanted, ensure_ascii=False)}"
        else:
            alternatives = "|".join(map(_escaped, wanted))
            yield f"{name}=~{json.dumps(alternatives, ensure_ascii=False)}"


def _escaped(value: str) -> str:
    """Literally, in a regular expression of RE2."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", value)


def _labels(metric: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in metric.items() if name not in _NOT_OURS))


def _points(one: _Result, span: Span) -> Iterator[tuple[datetime, float]]:
    """By the beginning of each step, exactly: Prometheus counts in milliseconds."""
    for moment, value in one.values:
        number = float(value)
        if not isnan(number):
            place = round((datetime.fromtimestamp(moment, UTC) - span.since) / span.step) - 1
            yield span.since + place * span.step, number
