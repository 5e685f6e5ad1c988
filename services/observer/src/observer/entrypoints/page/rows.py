"""What several pages show alike, put into the reader's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from observer.domain.judging import Alert
from observer.domain.words import of_alert
from observer.entrypoints.page.render import Language


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A breach, and its sentence."""

    alert: Alert
    words: str


def alert_rows(alerts: Iterable[Alert], language: Language) -> list[AlertRow]:
    """The critical ones first, then the oldest."""
    ranked = sorted(alerts, key=lambda alert: (alert.severity != "critical", alert.since))
    return [_row(alert, language) for alert in ranked]


def past_rows(alerts: Iterable[Alert], language: Language) -> list[AlertRow]:
    """In the order in which they are given."""
    # A recovered alert's own value is a good one: what it came to at worst says why it was one.
    return [_row(replace(alert, value=alert.worst), language) for alert in alerts]


def _row(alert: Alert, language: Language) -> AlertRow:
    words = of_alert(alert)
    return AlertRow(alert, words.de if language == "de" else words.en)
