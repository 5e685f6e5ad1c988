"""Judge what is seen by the thresholds in force: alerts begin, fire, recover; each is logged and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from contracts.envelope import new_id
from observer.application.changes import Changed, Changes
from observer.application.hold_thresholds import HeldThresholds
from observer.application.ports import Log
from observer.application.silence_alerts import Silences
from observer.domain.judging import Alert, Key, judge
from observer.domain.measuring import Sight, observe
from observer.domain.silences import silencing
from observer.domain.thresholds import Observation, Threshold
from observer.domain.words import of_alert

RECOVERED_KEPT = 200
"""How many that recovered lately are held, so that their groups can be told of it."""


class JudgeFleet:
    """Holds every alert that is pending or open; what the thresholds no longer name is let go as recovered."""

    def __init__(self, thresholds: HeldThresholds, silences: Silences, changes: Changes, log: Log) -> None:
        self._thresholds = thresholds
        self._silences = silences
        self._changes = changes
        self._log = log
        self.alerts: dict[Key, Alert] = {}
        self.recovered: list[Alert] = []
        """Those that recovered and whose notice may not be over yet."""
        self.unkept: dict[str, Alert] = {}
        """Alerts that changed since they were kept, by id."""

    def know(self, alerts: Iterable[Alert]) -> None:
        """Alerts of before a restart: they go on."""
        for alert in alerts:
            self.alerts.setdefault(alert.key, alert)

    def forget(self) -> None:
        """Somebody else judges."""
        self.alerts.clear()
        self.recovered.clear()
        self.unkept.clear()

    @property
    def open(self) -> list[Alert]:
        """What is beyond its threshold now."""
        return [alert for alert in self.alerts.values() if alert.is_open]

    def __call__(self, sight: Sight) -> list[Alert]:
        """Judge everything; returns the alerts that fired or recovered now."""
        changed: list[Alert] = []
        named = {threshold.name for threshold in self._thresholds.current.all}
        for threshold in self._thresholds.current.all:
            found = observe(threshold, sight)
            if found is not None:
                changed += self._judge_all(threshold, found, sight.at)
        for key, alert in list(self.alerts.items()):
            if key[0] not in named:
                del self.alerts[key]
                if alert.is_open:
                    changed.append(self._end(replace(alert, state="recovered", recovered_at=sight.at)))
        self._silence(sight.at)
        return changed

    def tell(self, alerts: Sequence[Alert], notice_id: str | None) -> None:
        """Remember that these were told of by that notice."""
        for alert in alerts:
            told = replace(alert, notice_id=notice_id)
            self.unkept[told.alert_id] = told
            if alert.key in self.alerts and self.alerts[alert.key].alert_id == alert.alert_id:
                self.alerts[alert.key] = told

    def settle(self, group: str) -> None:
        """What recovered of a group was told of."""
        self.recovered = [alert for alert in self.recovered if alert.group != group]

    def _judge_all(self, threshold: Threshold, found: Sequence[Observation], at: datetime) -> list[Alert]:
        by_key = {(threshold.name, one.service, one.subject): one for one in found}
        known = [key for key in self.alerts if key[0] == threshold.name and key not in by_key]
        changed: list[Alert] = []
        for key in (*by_key, *known):
            before = self.alerts.get(key)
            one = by_key.get(key)
            if before is None and (one is None or one.value <= threshold.limit):
                continue
            after, change = judge(threshold, before, one, at, new_id=new_id())
            if after is None:
                self.alerts.pop(key, None)
                continue
            self.alerts[key] = after
            if change == "fired":
                changed.append(self._begin(after))
            elif change == "recovered":
                del self.alerts[key]
                changed.append(self._end(after))
            elif before is not None and before.state != after.state:
                self.unkept[after.alert_id] = after
        return changed

    def _begin(self, alert: Alert) -> Alert:
        self.unkept[alert.alert_id] = alert
        self._log.fired(alert, of_alert(alert).en)
        self._changes.tell(
            Changed("alert", alert.fired_at or alert.since, alert.service, alert.subject, "firing")
        )
        return alert

    def _end(self, alert: Alert) -> Alert:
        self.unkept[alert.alert_id] = alert
        self.recovered = [*self.recovered[-RECOVERED_KEPT + 1 :], alert]
        self._log.recovered(alert, of_alert(alert).en)
        self._changes.tell(
            Changed("alert", alert.recovered_at or alert.since, alert.service, alert.subject, "recovered")
        )
        return alert

    def _silence(self, at: datetime) -> None:
        for key, alert in self.alerts.items():
            silence = silencing(alert, self._silences.known, at)
            if silence != alert.silenced_by:
                self.alerts[key] = replace(alert, silenced_by=silence)
                if alert.is_open:
                    self.unkept[alert.alert_id] = self.alerts[key]
