"""What is told, in German and English: one sentence that names what and how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from observer.domain.judging import Alert
from observer.domain.notices import MEMBERS, Telling


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    de: str
    en: str


_OF: Mapping[str, tuple[str, str]] = {
    "latency_quantile": ("{what} braucht {value}", "{what} takes {value}"),
    "error_rate": ("{what}: {value} der Anfragen schlagen fehl", "{what}: {value} of requests fail"),
    "health_latency": ("{what}: /health braucht {value}", "{what}: /health takes {value}"),
    "cpu": ("{what} belegt {value} eines Prozessorkerns", "{what} uses {value} of a processor core"),
    "memory": ("{what} belegt {value} Speicher", "{what} uses {value} of memory"),
    "memory_slope": ("{what}: der Speicher wächst um {value}", "{what}: memory grows by {value}"),
    "replica_silent": ("{what} antwortet seit {value} nicht", "{what} has not answered for {value}"),
    "health_failing": ("{what} meldet seit {value}, dass es nicht arbeiten kann",
                       "{what} has said for {value} that it cannot work"),
    "restarts": ("{what} ist neu gestartet: {value}", "{what} was started anew: {value}"),
    "clock_skew": ("{what}: die Uhr geht um {value} falsch", "{what}: its clock is off by {value}"),
    "queue_depth": ("{what}: {value} warten", "{what}: {value} wait"),
    "queue_wait": ("{what}: Nachrichten warten {value}", "{what}: messages wait {value}"),
    "consumers_missing": ("{what}: niemand nimmt Nachrichten entgegen", "{what}: nobody takes messages"),
    "outbox_age": ("{what}: die älteste Nachricht im Postausgang wartet {value}",
                   "{what}: the oldest message in the outbox waits {value}"),
    "dead_letters": ("{what}: {value} konnten nicht verarbeitet werden", "{what}: {value} could not be handled"),
    "database_latency": ("{what}: die Datenbank braucht {value}", "{what}: the database takes {value}"),
    "database_connections": ("{what}: {value} der Verbindungen sind belegt", "{what}: {value} of connections are in use"),
    "slow_statement": ("{what}: eine Abfrage läuft seit {value}", "{what}: a statement has run for {value}"),
    "table_bloat": ("{what}: {value} der Zeilen sind tot", "{what}: {value} of the rows are dead"),
    "blind": ("Der Observer sieht {what} seit {value} nicht", "the Observer has not seen {what} for {value}"),
}  # fmt: skip
_UNITS_DE: Mapping[str, str] = {
    "percent": "%",
    "messages": "Nachrichten",
    "restarts": "Neustarts",
    "consumers": "Empfänger",
}
_UNITS_EN: Mapping[str, str] = {"percent": "%"}


def of_alert(alert: Alert) -> Words:
    """One alert in one sentence, with what is allowed."""
    german, english = _OF[alert.metric]
    what = _what(alert)
    reason = f": {alert.why}" if alert.why else ""
    return Words(
        german.format(what=what, value=_amount(alert.value, alert.unit, german=True))
        + f" (erlaubt: {_amount(alert.limit, alert.unit, german=True)}){reason}",
        english.format(what=what, value=_amount(alert.value, alert.unit, german=False))
        + f" (allowed: {_amount(alert.limit, alert.unit, german=False)}){reason}",
    )


def of_telling(telling: Telling) -> Words:
    """What is told of a group: the alert alone, or how many there are, of which services, and why."""
    if telling.kind == "recovered":
        return _recovered(telling)
    if len(telling.members) == 1:
        return of_alert(telling.head)
    services = sorted({alert.service for alert in telling.members if alert.service})
    names, more = ", ".join(services[:6]), len(services) - 6
    head, count, cause = of_alert(telling.head), len(telling.members), telling.cause
    german = f"{count} Störungen" + (f" in {len(services)} Diensten ({names}" if services else "")
    english = f"{count} breaches" + (f" in {len(services)} services ({names}" if services else "")
    if services:
        german += f" und {more} weitere)" if more > 0 else ")"
        english += f" and {more} more)" if more > 0 else ")"
    if cause:
        return Words(f"{german}: {cause}. {head.de}", f"{english}: {cause}. {head.en}")
    return Words(f"{german}. {head.de}", f"{english}. {head.en}")


def members(telling: Telling) -> tuple[str, ...]:
    """The members in a few words each, the new ones first."""
    rest = [alert for alert in telling.members if alert not in telling.new]
    return tuple(
        " ".join(filter(None, (alert.service, alert.subject, _amount(alert.value, alert.unit, german=False))))
        for alert in (*telling.new, *rest)
    )[:MEMBERS]


def _recovered(telling: Telling) -> Words:
    head, count = telling.head, len(telling.members)
    minutes = ((head.recovered_at or head.since) - telling.notice.opened_at).total_seconds() / 60
    lasted_de = "weniger als eine Minute" if minutes < 1 else f"{minutes:.0f} min"
    lasted_en = "less than a minute" if minutes < 1 else f"{minutes:.0f} min"
    if count > 1:
        return Words(
            f"Alles wieder in Ordnung: {head.group} ({count} Störungen, {lasted_de})",
            f"all is well again: {head.group} ({count} breaches, {lasted_en})",
        )
    return Words(
        f"Wieder in Ordnung: {head.threshold}, {_what(head)} (nach {lasted_de})",
        f"well again: {head.threshold}, {_what(head)} (after {lasted_en})",
    )


def _what(alert: Alert) -> str:
    return " ".join(filter(None, (alert.service, alert.subject))) or "frontdesk"


def _amount(value: float, unit: str, *, german: bool) -> str:
    number = f"{value:.1f}" if value and abs(value) < 10 and value != round(value) else f"{value:.0f}"
    if value and abs(value) < 0.1:
        number = f"{value:.2g}"
    name = (_UNITS_DE if german else _UNITS_EN).get(unit, unit)
    return f"{number.replace('.', ',') if german else number} {name}"
