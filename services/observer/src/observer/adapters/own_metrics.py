"""What the Observer alone sees, on its own `/metrics`: so a Prometheus that scrapes it has it too (with `honor_labels`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from observer.application.judge_fleet import JudgeFleet
from observer.application.watch_fleet import Watched
from observer.domain.seen import names_seen_from_outside
from observer.domain.series import Selector


class SeenFromOutside(Collector):
    """Collects the newest sample of each series that no service tells of itself."""

    def __init__(self, watched: Watched, judged: JudgeFleet, waiting: Callable[[], int]) -> None:
        self._watched = watched
        self._judged = judged
        self._waiting = waiting

    def register(self, registry: CollectorRegistry) -> None:
        """Let a registry ask this collector."""
        registry.register(self)

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the names are known only when something was seen."""
        return []

    def collect(self) -> Iterator[Metric]:
        """One family for each name."""
        recent = self._watched.recent
        for name, words in names_seen_from_outside().items():
            families: dict[tuple[str, ...], GaugeMetricFamily | CounterMetricFamily] = {}
            for series in recent.series(Selector(name)):
                labels = tuple(label for label, _ in series.labels)
                sample = recent.last(series)
                if labels not in families:
                    made = CounterMetricFamily if series.kind == "counter" else GaugeMetricFamily
                    families[labels] = made(name, words, labels=labels)
                if sample is not None:
                    families[labels].add_metric([value for _, value in series.labels], sample.value)
            yield from families.values()
        yield from self._own()

    def _own(self) -> Iterator[Metric]:
        alerts = GaugeMetricFamily("frontdesk_alerts", "Open alerts.", labels=("severity",))
        for severity in ("warning", "critical"):
            count = sum(alert.severity == severity for alert in self._judged.open)
            alerts.add_metric([severity], float(count))
        yield alerts
        yield GaugeMetricFamily(
            "frontdesk_watch_round_seconds", "How long the last round took.", self._watched.took_seconds
        )
        yield GaugeMetricFamily(
            "frontdesk_watch_series", "Series in memory.", float(len(self._watched.recent))
        )
        yield GaugeMetricFamily(
            "frontdesk_watch_samples_waiting",
            "Samples that wait for the database.",
            float(self._waiting()),
        )
