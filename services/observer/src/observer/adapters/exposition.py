"""Prometheus' text form as samples: of what a replica exposes, only the families that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from observer.domain.series import Sample, Series

MOST_SERIES = 3000
"""Of one replica: whoever shows more has a fault of his own, which must not become ours."""
_KEPT = (
    "frontdesk_", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds",
    "process_open_fds",
)  # fmt: skip
_NOT_KEPT = (
    "frontdesk_replica_up", "frontdesk_probe_", "frontdesk_clock_skew", "frontdesk_queue_", "frontdesk_postgres_",
    "frontdesk_alerts",
)  # fmt: skip
"""What the Observer itself exposes of the others: it would see everything twice."""


class Garbled(ValueError):
    """It is no exposition."""


def samples_of(text: str, at: datetime, *, instance: str, process: str) -> list[tuple[Series, Sample]]:
    """The samples that are kept; the process's own figures carry the process alone, all others the instance.

    Raises `Garbled`.
    """
    try:
        families = list(text_string_to_metric_families("\n".join(_lines(text)) + "\n"))
    except (ValueError, KeyError, IndexError, TypeError) as error:  # as the parser has it
        raise Garbled(f"/metrics cannot be read: {str(error)[:120]}") from error
    if not families:
        raise Garbled("/metrics has nothing of a service of ours")
    found: list[tuple[Series, Sample]] = []
    for family in families:
        labels = {"process": process} if family.name.startswith("process_") else {"instance": instance}
        found.extend(
            _histograms(family, labels, at) if family.type == "histogram" else _plain(family, labels, at)
        )
    return found[:MOST_SERIES]


def _lines(text: str) -> Iterator[str]:
    """The lines of kept families: parsing is what costs."""
    for line in text.splitlines():
        name = line[7:] if line.startswith("# TYPE ") else line
        if name.startswith(_KEPT) and not name.startswith(_NOT_KEPT):
            yield line


def _plain(family: Metric, labels: dict[str, str], at: datetime) -> Iterator[tuple[Series, Sample]]:
    kind = "counter" if family.type == "counter" else "gauge"
    for sample in family.samples:
        if not sample.name.endswith("_created") and isfinite(sample.value):
            yield Series.of(sample.name, {**sample.labels, **labels}, kind), Sample(at, sample.value)


def _histograms(family: Metric, labels: dict[str, str], at: datetime) -> Iterator[tuple[Series, Sample]]:
    counts: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in family.samples:
        key = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        if sample.name.endswith("_bucket"):
            counts.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_sum"):
            sums[key] = sample.value
    for key, buckets in counts.items():
        buckets.sort()
        bounds, cumulative = zip(*buckets, strict=True)
        if isfinite(bounds[-1]) or not isfinite(sums.get(key, 0.0)):
            continue
        series = Series.of(family.name, {**dict(key), **labels}, "histogram", bounds)
        yield series, Sample(at, sums.get(key, 0.0), cumulative)
