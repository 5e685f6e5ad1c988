"""Findings in words, German and English: what is slow, what to do, what is expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from observer.domain.bottlenecks import Bottleneck
from observer.domain.change import Comparison
from observer.domain.explanation import Texts, seconds, sekunden
from observer.domain.findings import Evidence, Finding, FindingKind, ReportKind


def amount(value: float, unit: str, language: str) -> str:
    """A measured value with its unit, in a language."""
    if unit == "s":
        return sekunden(value) if language == "de" else seconds(value)
    if unit == "share":
        words = f"{value * 100:.1f} %" if language == "de" else f"{value * 100:.1f}%"
    elif unit.startswith("bytes"):
        per = "/h" if unit.endswith("/h") else ""
        words = f"{value / 1024**2:.1f} MB{per}"
    else:
        words = f"{value:.3g}/s"
    return words.replace(".", ",") if language == "de" else words


def summary(found: Bottleneck) -> Texts:
    """What is beyond its limit, in one sentence."""
    track, unit = found.track, found.track.measurement.unit
    words = _WHAT[track.kind]

    def fill(template: str, language: str) -> str:
        return template.format(
            service=track.service, subject=track.subject, value=amount(found.value, unit, language),
            limit=amount(found.limit, unit, language),
        )  # fmt: skip

    return Texts(de=fill(words.de, "de"), en=fill(words.en, "en"))


def recommendation(found: Bottleneck) -> Texts:
    """The one thing to do, and what is expected of it."""
    words, gain = _DO[found.track.kind], found.gain

    def fill(template: str, language: str) -> str:
        return template.format(
            service=found.track.service, subject=found.track.subject, more=found.more,
            now=amount(gain.now, gain.unit, language), then=amount(gain.then, gain.unit, language),
        )  # fmt: skip

    return Texts(de=fill(words.de, "de"), en=fill(words.en, "en"))


def evidence_of(found: Bottleneck) -> list[Evidence]:
    """What the series says: how often it was beyond its limit, of how many, and the worst."""
    track, unit = found.track, found.track.measurement.unit
    values = [point.value for point in track.points]
    late, worst = sum(value > found.limit for value in values), max(values)
    of_de = f", {track.count:.0f} Vorgänge" if track.count else ""
    of_en = f", {track.count:.0f} observations" if track.count else ""
    text = Texts(
        f"{late} von {len(values)} Abschnitten über der Grenze, höchstens {amount(worst, unit, 'de')}{of_de}",
        f"{late} of {len(values)} steps beyond the limit, at most {amount(worst, unit, 'en')}{of_en}",
    )
    labels = ",".join(f'{name}="{value}"' for name, value in track.measurement.labels)
    return [Evidence("series", text, f"{track.measurement.metric}{{{labels}}}")]


def report_words(
    kind: ReportKind, since: datetime, until: datetime, findings: Sequence[Finding]
) -> tuple[Texts, Texts]:
    """Title and summary of a report."""
    names = {
        "daily": ("Tagesbericht", "Daily"),
        "weekly": ("Wochenbericht", "Weekly"),
        "on_demand": ("Bericht", "Report"),
    }
    de, en = names[kind]
    title = Texts(
        f"{de}: was langsam ist, {since:%d.%m.%Y} bis {until:%d.%m.%Y}",
        f"{en}{'' if kind == 'on_demand' else ' report'}: what is slow, {since:%Y-%m-%d} to {until:%Y-%m-%d}",
    )
    if not findings:
        return title, Texts("Nichts war über seiner Grenze.", "Nothing was beyond its limit.")
    first = findings[0].summary
    more = len(findings) - 1
    return title, Texts(
        first.de + (f" Und {more} weitere." if more else ""),
        first.en + (f" And {more} more." if more else ""),
    )


def judged(comparison: Comparison, unit: str) -> Texts:
    """What came of a recommendation."""
    words = _JUDGED[comparison.judgement]

    def fill(template: str, language: str) -> str:
        chance = f"{comparison.probability:.2g}"
        return template.format(
            before=amount(comparison.before, unit, language), after=amount(comparison.after, unit, language),
            chance=chance.replace(".", ",") if language == "de" else chance,
            count=min(comparison.count_before, comparison.count_after),
        )  # fmt: skip

    return Texts(de=fill(words.de, "de"), en=fill(words.en, "en"))


_WHAT: dict[FindingKind, Texts] = {
    "slow_endpoint": Texts(
        "{service}: {subject} braucht im p95 {value} (Grenze {limit}).",
        "{service}: {subject} takes {value} at p95 (limit {limit}).",
    ),
    "slow_handler": Texts(
        "{service}: Die Bearbeitung von {subject} dauert im p95 {value} (Grenze {limit}).",
        "{service}: handling {subject} takes {value} at p95 (limit {limit}).",
    ),
    "queue_wait": Texts(
        "{service}: {subject} wartet im p95 {value}, bevor die Bearbeitung beginnt (Grenze {limit}).",
        "{service}: {subject} waits {value} at p95 before it is taken (limit {limit}).",
    ),
    "slow_database": Texts(
        "{service}: Die Datenbank antwortet auf die kleinste Frage erst nach {value} (Grenze {limit}).",
        "{service}: the database answers the smallest question after {value} (limit {limit}).",
    ),
    "pool_exhausted": Texts(
        "{service}: Die Verbindungen zur Datenbank sind zu {value} belegt (Grenze {limit}).",
        "{service}: {value} of the database connections are in use (limit {limit}).",
    ),
    "memory_growth": Texts(
        "{service}: Der Speicher wächst um {value} (Grenze {limit}).",
        "{service}: memory grows by {value} (limit {limit}).",
    ),
    "retries": Texts(
        "{service}: {value} der Nachrichten {subject} werden wiederholt (Grenze {limit}).",
        "{service}: {value} of {subject} are retried (limit {limit}).",
    ),
    "dead_letters": Texts(
        "{service}: {value} der Nachrichten {subject} sind unzustellbar (Grenze {limit}).",
        "{service}: {value} of {subject} become dead letters (limit {limit}).",
    ),
}
_DO: dict[FindingKind, Texts] = {
    "slow_endpoint": Texts(
        "Den längsten Abschnitt der Beispielspur beschleunigen (Index, weniger Abfragen, Zwischenspeicher); Ziel: p95 {now} → {then}.",
        "Speed up the longest span of the example trace (an index, fewer statements, a cache); goal: p95 {now} → {then}.",
    ),
    "slow_handler": Texts(
        "Die Bearbeitung von {subject} beschleunigen; halb so lange Bearbeitung brächte laut Modell p95 {now} → {then}.",
        "Make handling {subject} faster; half the time would bring, by the model, p95 {now} → {then}.",
    ),
    "queue_wait": Texts(
        "Die Zahl der Replikate von {service} um {more} erhöhen: laut Modell p95 {now} → {then} von der Ankunft bis zum Ende.",
        "Raise the number of replicas of {service} by {more}: by the model p95 {now} → {then} from arrival to end.",
    ),
    "slow_database": Texts(
        "Last und Platten der Datenbank prüfen; jede Abfrage würde {now} → {then} schneller beginnen.",
        "Check the database's load and disks; every statement would begin {now} → {then}.",
    ),
    "pool_exhausted": Texts(
        "Den Pool um {more} Verbindungen vergrößern (DATABASE_POOL): Anfragen, die auf eine warten, laut Modell {now} → {then}.",
        "Enlarge the pool by {more} connections (DATABASE_POOL): requests that wait for one, by the model, {now} → {then}.",
    ),
    "memory_growth": Texts(
        "Herausfinden, was behalten wird (Speicherabbild vor und nach einer Stunde vergleichen); Ziel: {now} → {then}.",
        "Find what is kept (compare heap snapshots an hour apart); goal: {now} → {then}.",
    ),
    "retries": Texts(
        "Die häufigste Ursache der Wiederholungen von {subject} beheben: ohne sie laut Modell p95 {now} → {then}.",
        "Remove the most frequent cause of retries of {subject}: without them, by the model, p95 {now} → {then}.",
    ),
    "dead_letters": Texts(
        "Die unzustellbaren {subject} ansehen, den Grund beheben und sie erneut zustellen; Ziel: {now} → {then}.",
        "Look at the dead letters of {subject}, mend their cause and replay them; goal: {now} → {then}.",
    ),
}
_JUDGED: dict[str, Texts] = {
    "improved": Texts(
        "Verbessert: {before} → {after} (Mann-Whitney p = {chance}).",
        "Improved: {before} → {after} (Mann–Whitney p = {chance}).",
    ),
    "unchanged": Texts(
        "Keine Änderung, die über Zufall hinausgeht: {before} → {after} (Mann-Whitney p = {chance}).",
        "No change beyond noise: {before} → {after} (Mann–Whitney p = {chance}).",
    ),
    "worse": Texts(
        "Verschlechtert: {before} → {after} (Mann-Whitney p = {chance}).",
        "Worse: {before} → {after} (Mann–Whitney p = {chance}).",
    ),
    "too_little": Texts(
        "Noch zu wenig gemessen ({count} Werte).", "Too little measured so far ({count} values)."
    ),
}
