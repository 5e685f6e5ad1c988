"""Breaches and troubles in the log."""

from __future__ import annotations

import structlog

from observer.domain.judging import Alert

_log = structlog.get_logger("observer")


class WatchLog:
    """The port `Log`."""

    def fired(self, alert: Alert, words: str) -> None:
        """A breach: an error when it is critical."""
        log = _log.error if alert.severity == "critical" else _log.warning
        log("threshold exceeded", says=words, **_facts(alert))

    def recovered(self, alert: Alert, words: str) -> None:
        """A recovery."""
        _log.info("threshold recovered", says=words, **_facts(alert))

    def trouble(self, what: str, error: str) -> None:
        """Something of the Observer's own."""
        _log.warning(what, error=error)


def _facts(alert: Alert) -> dict[str, object]:
    return {
        "alert_id": alert.alert_id, "threshold": alert.threshold, "watched": alert.service,
        "subject": alert.subject, "value": round(alert.value, 3), "limit": alert.limit, "unit": alert.unit,
        "silenced_by": alert.silenced_by,
    }  # fmt: skip
